"""Letters that look like Latin ones: facts of Unicode's charts, chosen for what fonts draw alike.

`ALIKE` holds letters of other scripts, which are somebody's own letters: whether they stand for Latin ones
is for the word around them to say. `DRESSED` holds forms that are Latin letters in another dress.
"""

from __future__ import annotations


def _pairs(table: str) -> dict[str, str]:
    """ "a:xyz" groups, parted by spaces, as {"x": "a", ...}."""
    return {other: group[0] for group in table.split() for other in group[2:]}


_CYRILLIC = _pairs(
    "A:АӐӒ B:ВЬѢ C:СҪ E:ЕЀЁӖ H:НҢҤҺӉӇ I:ІЇӀЍ J:Ј K:КҚҜҞҠӃЌ M:МӍ N:Й O:ОӦѲ"
    " P:РҎ Q:Ԛ R:Я S:Ѕ T:ТҬ W:ԜШЩѠ X:ХҲӼӾ Y:УҮҰЎӮӰӲ"
    " a:аӑӓ b:ьѣƅ c:сҫ d:ԁ e:еѐёӗҽҿ g:ԍ h:һҺћђ i:іїӏ j:ј k:кқҝҟҡӄќ l:ӏ m:мӎ n:пийѝҋԥ o:оӧѳ"
    " p:рҏ q:ԛ r:гґяӷ s:ѕ t:тҭ u:ц v:ѵѷ w:ԝшщѡ x:хҳӽӿ y:уүұўӯӱӳ z:ӡ N:И H:Ң"
)
_GREEK = _pairs(
    "A:ΑΆ B:Β C:Ϲ E:ΕΈΣΞ F:Ϝ H:ΗΉ I:ΙΊΪ J:Ϳ K:Κ M:ΜϺ N:Ν O:ΟΌΘ P:Ρ T:Τ X:Χ Y:ΥΎΫ Z:Ζ"
    " a:αάἀἁ b:βϐ c:ϲς d:δ e:εέϵξ g:ɡ h:ή i:ιίϊΐ j:ϳ k:κϰ n:ηήπ o:οόσθ p:ρϱ t:τ u:υύϋΰμ v:ν w:ωώϖ x:χ y:γ z:ζ"
)
_OTHERS = _pairs(
    "A:Ꭺᗅꓮ B:Ᏼᗷꓐ C:ᏟꓚᏣⲤ D:Ꭰᗞꓓ E:ᎬꓰⲈ F:ᖴꓝ G:ᏀᏳꓖ H:ᎻᕼꓧⲎ I:ꓲⲒ J:Ꭻᒍꓙ K:ᏦꓗⲔ L:Ꮮᒪꓡ M:ᎷᗰꓟⲘ N:ꓠⲚ O:ՕⲞꓳ"
    " P:ᏢᑭꓑⲢ Q:Ⴓⵕ R:ᎡᏒᖇꓣ S:ՏᏕᏚꓢ T:ᎢꓔⲦ U:Սሀᑌꓴ V:Ꮩᐯꓦ W:ᎳᏔꓪ X:ꓫⲬ Y:ᎩᎽꓬⲨ Z:ᏃꓜⲌ"
    " a:ⲁ b:Ꮟᑲ c:ⲥᴄ d:ꓒᑯ f:ք g:ց h:հ i:ⲓ j:յ l:ו n:ոռ o:օօⲟ๐໐௦౦೦൦ p:ⲣ q:զգ s:ꮪ u:սա v:ט w:ա x:ⲭ y:ⲩ"
)
DRESSED = _pairs(
    "A:ᴀ B:ʙᏼ C:ᴄ D:ᴅ E:ᴇ F:ꜰ G:ɢ H:ʜ J:ᴊ K:ᴋ L:ʟ M:ᴍ N:ɴ O:ᴏ P:ᴘ Q:ꞯ R:ʀ S:ꜱ T:ᴛ U:ᴜ V:ᴠ W:ᴡ Y:ʏ Z:ᴢ"
    " a:ɑɐ b:ƀɓ c:ƈɕ d:ɗɖ e:ɛɘǝ f:ƒ g:ɡɠᶃ h:ɦ i:ɪɩɨ j:ʝɉ k:ƙ l:ɫɭƖ m:ɱ n:ɲɳƞ"
    " p:ƥ q:ʠɋ r:ɼɽɾ s:ʂ t:ƭʈ u:ʊʉ v:ʋ w:ɯ y:ƴʎ z:ʐʑƶ"
)
for _start in (0x1F150, 0x1F170, 0x1F1E6):
    """Letters in black circles, in black squares, and those that flags are made of."""
    DRESSED.update({chr(_start + n): chr(ord("A") + n) for n in range(26)})
DRESSED = {other: letter.lower() if ord(other) < 0x1F000 else letter for other, letter in DRESSED.items()}

ALIKE = {**_OTHERS, **_GREEK, **_CYRILLIC}
