"""The applications are material to analyse: pytest neither collects nor imports them."""

collect_ignore = ["applications"]
