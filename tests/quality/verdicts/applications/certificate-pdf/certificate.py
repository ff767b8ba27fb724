"""PDF certificates with the participant's own dedication."""
import io

import bottle
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate

STYLE = getSampleStyleSheet()["Title"]


@bottle.post("/certificate")
def certificate():
    sink = io.BytesIO()
    SimpleDocTemplate(sink).build([Paragraph(bottle.request.forms.dedication, STYLE)])
    bottle.response.content_type = "application/pdf"
    return sink.getvalue()


bottle.run(host="0.0.0.0", port=8000)
