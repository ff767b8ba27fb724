"""Words and phrases of questions about findings, mail and logs, and what each means.

A phrase is a pattern over whole words. The longest that fits at a place wins; among equals the first. What
fits nothing is a name, or not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import msgspec

from icelos.jobs.copilot.words import word_set


class Meaning(msgspec.Struct, frozen=True):
    """What a phrase means. `kind`:

    "want": how to answer (`value`: count, list, whether, who, when, where, why, often, compare);
    "noun": what is sought, grouped by or named next (`value`: host, user, cve ...);
    "topic": which view is spoken of (`view`); "filter": `value` is (column, is, value), `view` where it is
    certain; "order": `value` is (column or "count", descending); "refer", "group", "not", "relative",
    "alert", "join", "glue"; "blank" for what has to be understood elsewhere.
    """

    kind: str
    value: object = None
    view: str = ""


def _want(value: str) -> Meaning:
    return Meaning("want", value)


def _noun(value: str, view: str = "") -> Meaning:
    return Meaning("noun", value, view)


def _filter(view: str, column: str, how: str, value: object = None) -> Meaning:
    return Meaning("filter", (column, how, value), view)


_SIGN = (
    r"(?:(?:sign|signs|signed|signing|log|logs|logged|logging|logon|logs)(?:\s|-)?(?:in|on)(?:to)?"
    r"|authenticat\w+"
    r"|get in|got in)(?:\s+(?:to|into|onto|on to|at(?! all)|on|against|with(?! success)))?"
)
_SIGN_NOUN = (
    r"(?:logins?|logons?|log-?ins?|log-?ons?|sign-?ins?|signins?|sign ins|log ins|authentications?"
    r"|(?:login|logon|log-in|sign-in|signin|authentication|access|password)\s+(?:attempts?|events?"
    r"|tries|activity|failures?))"
)
_FAILED = r"(?:failed|failing|fails?|unsuccessful|denied|rejected|bad|wrong|refused|invalid)"
_VULN = r"(?:vulnerabilit(?:y|ies)|vulns?|cves?|security (?:holes?|flaws?|bugs?|issues?)|flaws?)"
_FIX = r"(?:fix(?:es)?|patch(?:es)?|fixed versions?|updates?|upgrades?)"
_KEV = (
    r"(?:(?:the )?(?:cisa(?:'s)? )?(?:kev|known[ -]exploited(?: vulnerabilit(?:y|ies))?))"
    r"(?: catalog(?:ue)?| list| entr(?:y|ies))?"
)
_VERSIONS = r"(?:versions?|releases?)"

_REASONS = (
    ("true_positive", r"true[- ]positive"), ("benign_positive", r"benign[- ](?:true[- ])?positive"),
    ("false_positive", r"false[- ](?:positive|alarm)"), ("accepted_risk", r"accepted[- ]risk"
                                                                          r"|risk[- ]accept(?:ed|ance)"),
    ("fixed", r"fixed|fix|patched"), ("duplicate", r"duplicates?"),
    ("accepted_risk", r"accepted(?: risks?)?"), ("cleared", r"cleared"),
)  # fmt: skip
_TABLE: tuple[tuple[str, Meaning], ...] = (
    # ---- what asks for nothing
    (r"(?:good )?(?:morning|afternoon|evening)(?=\s*[!,.])|hello|dear \w+(?=\s*,)|(?:many )?thanks?(?: you)?"
     r"(?: (?:a lot|so much|very much|in advance|again))?|cheers|pls|plz|pl0x|best regards"
     r"|i need all of (?:them|it)"
     r"|(?:for|because of) (?:the|my|our|a) (?:report|audit|board|meeting|handover|shift|boss"
     r"|manager)(?: please)?"
     r"|(?:could|can|would|will) you(?: (?:please|kindly|quickly))?(?: (?:tell|show|give|list|check"
     r"|say)(?: me| us)?)?"
     r"(?= (?:how|which|what|who|whether|if|when|where|why|the|all))|i (?:want|need|would like"
     r"|'d like) to know"
     r"|(?:if|whether)(?= (?:there|we|any|it|the|somebody|someone|anyone))|at all|i\.?e\.?"
     r"|that is to say|namely|quickly"
     r"|\(?both (?:days )?included\)?|inclusive(?:ly)?|(?:with|and|plus) (?:the|their|its) (?:numbers?"
     r"|counts?|figures?)"
     r"|in (?:descending|ascending) order|in order of (?:the )?(?:number|count)s?",
     Meaning("aside")),
    (r"(?:give|tell|show)(?: me| us)? (?:both|the|all)(?: the)? (?:numbers?|counts?|figures?|totals?)",
     Meaning("aside")),
    (r"(?:(?:the )?(?:numbers?|counts?) )?(?:for|of) (?:both|each|every one|each one)(?: of (?:them"
     r"|these|those))?(?=\s*[?.!,]|$)"
     r"|both (?:numbers|counts)|(?:numbers?|counts?) (?:for|of) each|(?:does|do|has"
     r"|have) each(?: of (?:them|these|those))?(?: have| has)?|each (?:have|has)", Meaning("each")),
    (r"in common|share(?=\s*[?.!]|$)|shared by(?= (?:both|all))|as numbers|numbers? (?:for|of) (?=both"
     r"|each)|(?:for |of )?(?:each|both) of (?:them|these|those)", Meaning("aside")),
    (r"(?:each|every one|all)(?: of them)? (?:only )?once|without (?:repeats|duplicates|repetitions)",
     Meaning("aside")),
    (r"in order(?=\s*(?:[?.!]|please|pls|$))", Meaning("sequence")),
    (r"(?:in )?(?:the |which |what )?(?:chronological |time |temporal )?order (?:in which (?:they|it"
     r"|these|those)"
     r" (?:\w+ )?(?:came|come|happened|appeared|occurred|were seen|started|first came)(?: first)?"
     r"|of (?:time|appearance|occurrence|their first \w+|first \w+))"
     r"|in (?:the )?(?:which|what|chronological|time|temporal|that) order|chronologically|in sequence|by time"
     r"|sorted by time|ordered by time|oldest first|earliest first", Meaning("sequence")),
    # ---- how to answer
    (r"how many(?: different| distinct| unique)?|(?:the )?(?:total |overall )?(?:number|count|amount) of"
     r"|(?:what is|what's) the (?:total |overall )?(?:number|count|amount) of|count(?: up)?"
     r"|how much(?= (?:e-?mails?|mails?|alerts?"
     r"|findings?|cves?|hosts?|users?|log|sign|failed|different|flagged|messages?|of (?:these|those|them)))"
     r"|(?:the )?(?:total |overall )?(?:number|count|quantity|total)(?=\s*(?:[?.!,]|please|pls|$))",
      _want("count")),
    (r"how often|how many times|how frequently", _want("often")),
    (r"(?:on|from|to|in|at|for|by|of|with) which(?= (?!order)\w)|which|what(?:'s)?|list(?: out| up)?"
     r"|show(?: me| us)?|give(?: me| us)?|name|find(?: me| all)?"
     r"|get(?: me)?|display"
     r"|enumerate|tell (?:me|us)(?: about)?|return|pull(?: up)?", _want("list")),
    (r"are there(?: any)?|is there(?: any| an?)?|do (?:we|i) have(?: any)?|have (?:we|i)(?: any)?"
     r"|did (?:we|i) (?:have|get|see)(?: any)?"
     r"|was there(?: any| an?)?|were there(?: any)?|has there been(?: any)?|have there been(?: any)?"
      r"|do any|does any|did any|have any"
     r"|has any|is any|are any|were any|was any|did we (?:have|get|receive|see) any", _want("whether")),
    (r"who|whom|who(?:'s| is| are| was| were| has| have| all| else)?|anyone|anybody|someone"
     r"|somebody", _want("who")),
    (r"how (?:long|much time|old|fast|quickly|big|large|expensive|likely|severe|bad|far|hard|costly"
     r"|much money)(?: ago)?"
     r"|how much(?= (?:does|do|did|will|would|is|are|was|has|money|time|it))", _want("how")),
    (r"how (?:do|can|should|could|would|to|might|must)", _want("how")),
    (r"when(?:'s| was| were| did| is| does| do| has)?|(?:at )?what (?:time|date|day)"
     r"|since when", _want("when")),
    (r"where(?:abouts)?(?: else)?|on which(?=\s*[?.,]|$)", _want("where")),
    (r"compare(?:d)?(?: to| with)?|comparison(?: of| between)?|(?:what is "
     r"|what's )?the difference between|versus|vs", _want("compare")),
    (r"by whom|whose name", _want("who")),
    (r"why|(?:what (?:is|was|are) the )?reasons? (?:for|that|why|behind)|how come|what made", _want("why")),
    # ---- nouns
    (r"hosts?|machines?|servers?|boxes|targets?|computers?|workstations?|endpoints?|devices?|assets?"
     r"|sboms?|systems?"
     r"|(?:container )?images?|containers?|hostnames?", _noun("host")),
    (r"(?:user )?accounts?|users?|people|persons?|employees?|staff|colleagues?|user ?names?|identit(?:y"
     r"|ies)", _noun("user")),
    (r"(?:those|people|persons|anyone|everyone|anybody|everybody|somebody|someone) (?:who|that)",
     _noun("user")),
    (r"senders?|(?:from|sender) addresses", _noun("sender", "mail")),
    (r"(?:e-?mail |mail |sender |from )?address(?= \S+@)", _noun("sender", "mail")),
    (r"recipients?|receivers?|addressees?", _noun("recipient", "mail")),
    (r"(?:sender|sending) domains?|domains?", _noun("domain", "mail")),
    (r"subjects?(?: lines?)?", _noun("subject", "mail")),
    (r"intents?|intentions?|(?:kinds?|types?|sorts?|categor(?:y|ies)) of (?=(?:phish|mail|e-?mail"
     r"|message|scam|fraud))", _noun("intent", "mail")),
    (r"(?:source |client |remote )?ips?(?: address(?:es)?)?|(?:source |ip |client "
     r"|remote )address(?:es)?|addresses", _noun("ip")),
    (r"packages?|components?|librar(?:y|ies)|dependenc(?:y|ies)"
     r"|software", _noun("package", "vulnerabilities")),
    (r"(?:log )?(?:att&ck |mitre |attack |att&ck's )?(?:techniques?|ttps?)",
     _noun("technique", "log_alerts")),
    (r"(?:sigma |detection |correlation )?rules?", _noun("rule", "log_alerts")),
    (r"incidents?", _noun("incident", "log_alerts")),
    (r"entit(?:y|ies)", _noun("entity", "log_alerts")),
    (r"app(?:lication)?s?", _noun("application", "logs")),
    (r"jobs?|detectors?", _noun("job")),
    (r"assignees?|analysts?", _noun("assignee")),
    (r"(?:the )?reasons? (?:of|for|given for|behind) (?:the )?(?:closing|closure)(?: of)?"
     r"|clos(?:ing|ure) reasons?",
     _noun("reason")),
    (r"severit(?:y|ies)", _noun("severity", "vulnerabilities")),
    (r"failures|records? (?:that )?(?:could not|couldn't) be (?:processed|read|parsed|scanned)"
     r"|unprocess(?:ed|able) records?"
     r"|unreadable records?|processing errors?|broken records?|records?(?= could)",
     Meaning("topic", "rows", "failures")),
    (r"(?:not|n't|unable to|failed? to) (?:be )?(?:process(?:ed)?|read|parsed?|scan(?:ned)?)"
     r"|could ?n't (?:be )?(?:process(?:ed)?|parsed?)",
     Meaning("topic", "rows", "failures")),
    (rf"(?:fixed|patched|fixing|safe) (?:in )?{_VERSIONS}|{_VERSIONS} (?:that )?(?:fix(?:es)?"
     rf"|patch(?:es)?)|{_FIX}", _noun("fix", "vulnerabilities")),
    (r"(?:up)?(?:graded? |dated? )?to (?:which|what)(?: fixed)? versions?", Meaning("shows", "fix")),
    (rf"(?:fixed|patched|solved|resolved) (?:by|in|with|from)(?: {_VERSIONS})?(?= v?\d)",
     _noun("fix", "vulnerabilities")),
    (_VERSIONS, _noun("version", "vulnerabilities")),
    (r"epss(?: scores?| values?| probabilit(?:y|ies))?", _noun("epss", "vulnerabilities")),
    (r"(?:vex )?status(?:es)?", _noun("status")),
    (r"(?:risk )?scores?|risks?", _noun("score")),
    (r"verdicts?", _noun("verdict")),
    (r"labels?", _noun("label")),
    (r"states?", _noun("state")),
    (r"advisor(?:y|ies)", _noun("advisory", "vulnerabilities")),
    (r"outcomes?|results?", _noun("outcome", "logs")),
    (r"days?", _noun("day")),
    # ---- views
    (rf"(?:security |known |software )?{_VULN}", Meaning("topic", "cve", "vulnerabilities")),
    (r"(?:flagged |suspicious |malicious |bad |reported )?(?:e-?mails?|mails?|mail messages?"
     r"|messages?)(?: findings?)?", Meaning("topic", "", "mail")),
    (rf"{_SIGN}", Meaning("topic", "verb", "logins")),
    (rf"(?:tried|attempted|tries|attempts|attempting"
     rf"|trying) to {_SIGN}", Meaning("topic", "attempt-noun", "logins")),
    (r"(?:accessed|connected|connects|connect)(?: (?:to|from|by|via"
     r"|on))?", Meaning("topic", "verb", "logins")),
    (r"access(?:ed|es)?(?=\s+(?:the|those|these|that|to|any|our|web|db|host|server"
     r"|machine))", Meaning("topic", "verb", "logins")),
    (rf"{_SIGN_NOUN}", Meaning("topic", "noun", "logins")),
    (r"(?:log |sign-in |signin |login )?(?:log )?events?|log (?:entries|entry|lines?|rows?|records?)"
     r"|(?:kept )?logs|activit(?:y|ies)", Meaning("topic", "", "logs")),
    (r"(?:log|logs|sign-?in|login|detection|behaviou?r(?:al)?|sigma|siem) (?:job )?(?:alerts?|alarms?"
     r"|detections?|findings?)"
     r"|detections?|anomal(?:y|ies)|suspicious (?:sign-?ins?|logins?|activit(?:y|ies))|(?:incidents?"
      r"|alerts?) in the logs", Meaning("topic", "", "log_alerts")),
    (r"(?:mail|e-?mail|phishing) (?:alerts?|alarms?)", Meaning("topic", "alert", "mail")),
    (r"(?:vulnerability|vuln|vulns|cve) (?:alerts?|alarms?)", Meaning("topic", "alert", "vulnerabilities")),
    (r"(?:vulnerability|vuln|vulns) findings?", Meaning("topic", "rows", "vulnerabilities")),
    (r"findings?|cases?|results?|detections? of all jobs", Meaning("topic", "", "findings")),
    (r"(?:brand-?)?new|fresh(?:ly)?|newly", Meaning("new")),
    (r"alerts?|alarms?|alerted|alerting", Meaning("alert")),
    # ---- filters of vulnerabilities
    (r"exploitable|(?:that |which )?can be exploited", _filter("vulnerabilities", "exploitable", "=", True)),
    (r"(?:not|non-?|un-?|in)\s?-?exploitable|cannot be exploited"
     r"|can't be exploited", _filter("vulnerabilities", "exploitable", "=", False)),
    (r"(?:affected|hit|impacted|endangered)(?: by)?|affects?|affecting|vulnerable(?: to| because of)?"
     r"|exposed to|exposure to|suffers? from|subject to|(?:need(?:s|ing)?"
      r"|require[sd]?) (?:an? )?(?:patch(?:es|ing)?|fix(?:es|ing)?|updat(?:e|es|ing)|to be (?:patched"
       r"|fixed|updated))", _filter("vulnerabilities", "status", "=", "affected")),
    (r"not (?:actually |really )?(?:affected|vulnerable|impacted)(?: by| to)?|unaffected(?: by)?"
     r"|ruled out|does(?: not|n't) affect|do(?: not|n't) affect|not affecting"
     r"|aren't affected(?: by)?|isn't affected(?: by)?"
      r"|not applicable", _filter("vulnerabilities", "status", "=", "not_affected")),
    (r"(?:already |been )?(?:patched|fixed|remediated)", _filter("vulnerabilities", "status", "=", "fixed")),
    (r"unpatched|unfixed|not (?:yet )?(?:been )?(?:patched|fixed)|still (?:affected"
     r"|vulnerable)", _filter("vulnerabilities", "status", "=", "affected")),
    (r"under investigation|undecided|uncertain"
     r"|still being investigated", _filter("vulnerabilities", "status", "=", "under_investigation")),
    (rf"(?:(?:also |listed |named |contained |included |added |put |entered )*(?:in|on|to|into|part of"
     rf"|from|by) {_KEV}|{_KEV}(?:-listed| listed)?"
     r"|(?:known to be |are |being )?(?:actively )?exploited(?: in the wild)?"
      r"|in the wild)", _filter("vulnerabilities", "kev", "is_set")),
    (rf"(?:not|isn't|aren't|are not|is not|outside|absent)(?: listed| named| yet)* (?:in |on |of |from "
     rf"|part of )?{_KEV}|non-?kev|without (?:a )?{_KEV}", _filter("vulnerabilities", "kev", "is_not_set")),
    (rf"(?:with|has|have|having|offer|got|that have|for which there is|where there is) (?:an? "
     rf"|any )?(?:available |known )?{_FIX}(?: available| out)?|fixable|{_FIX} (?:is|are) available"
     rf"|can be (?:fixed|patched|updated)|for which (?:an? )?{_FIX} exists?|{_FIX} exists?|there (?:is"
      rf"|are) (?:an? )?{_FIX}", _filter("vulnerabilities", "fixed_in", "is_set")),
    (rf"(?:with no|without|has no|have no|having no|lack(?:s|ing)?|no|for which there is no) (?:an? "
     rf"|any |available |known )*{_FIX}(?: available| yet)?|unfixable"
     r"|cannot be (?:fixed|patched)", _filter("vulnerabilities", "fixed_in", "is_not_set")),
    # ---- filters of logs
    (rf"{_FAILED}(?: to)? {_SIGN}|{_FAILED} to {_SIGN}|could(?: not|n't) {_SIGN}|(?:did not"
     rf"|didn't) manage to {_SIGN}|unable to {_SIGN}",
     Meaning("topic", "failed", "logins")),
    (rf"{_FAILED} {_SIGN_NOUN}|(?:login|logon|log-in|sign-?in|authentication|password) failures?"
     rf"|{_FAILED} (?:attempts?|passwords?)"
     rf"|{_SIGN_NOUN} that (?:failed|were denied|did not succeed)",
     Meaning("topic", "failed-noun", "logins")),
    (rf"(?:successful|succeeded|good|accepted|valid) {_SIGN_NOUN}",
     Meaning("topic", "succeeded-noun", "logins")),
    (rf"(?:successfully|actually|really) {_SIGN}|(?:managed|succeeded) (?:to|in) {_SIGN}"
     rf"|{_SIGN} successfully", Meaning("topic", "succeeded", "logins")),
    (r"(?:that )?(?:failed|fail|fails)", _filter("logs", "outcome", "=", "failure")),
    (r"successful(?:ly)?|succeeded|with success", _filter("logs", "outcome", "=", "success")),
    # ---- filters of mail
    (r"sent(?: by| from)?|sends?|wrote|came from|coming from|written by"
     r"|sending", Meaning("sent", None, "mail")),
    (r"only|exclusively|solely", Meaning("only")),
    (r"(?:received|receives?|got|gets?|sent to|addressed to|delivered to|targeted|targeting|were sent"
     r"|was sent|hit with|reached|reaching|went to|going to)", Meaning("received", None, "mail")),
    (r"flagged|suspicious|malicious|caught", Meaning("flagged")),
    # ---- life of a finding
    *((rf"(?:been |were |was |are |is )?(?:(?:closed|resolved|dismissed|marked|classified|dispositioned"
       rf"|judged|set)(?: already)?"
       rf" (?:as|because|for|being|due to|with(?: the)? reason)(?: it was| they were| being| of)?"
       rf"(?: an?)?\s+)(?:{words})", Meaning("reason", value)) for value, words in _REASONS),
    *((rf"(?:{words})s?", Meaning("reason", value)) for value, words in _REASONS[:4]),
    (r"(?:been |were |was |are )?closed by (?:whom|who)|by whom (?:was|were|is|are) (?:it|they|this"
     r"|these|those) closed"
     r"|who (?:has |have )?closed(?: it| them| this| these| those)?|(?:the )?(?:person|analyst"
     r"|one) who closed (?:it|them|this)",
     Meaning("closer", "seek")),
    (r"(?:been |were |was |are )?(?:closed|resolved|dismissed) by(?= \w)", Meaning("closer", "name")),
    (r"(?:close|closes|closing|resolve|dismiss)(?=\s*(?:[?.!,]|as |since |in |on |this |last |$))",
     Meaning("closer", "verb")),
    (r"owners?(?:hip)?|who owns(?: it| them| these| those)?|who(?:'s| is| are) the owners?(?: of)?"
     r"|whose (?:is|are)(?= (?:it|they|these|those|this))"
     r"|whom? (?:do|does)(?= (?:these|those|they|it|this|that|\S+|the \w+) belong to)|(?:is"
     r"|are) owned by (?:whom|who)|belongs? to (?:whom|who)",
     Meaning("asset", "owner")),
    (r"(?:which |what |responsible )?teams?", Meaning("asset", "team")),
    (r"maintenance windows?", Meaning("asset", "window")),
    (r"purposes?|used for", Meaning("asset", "purpose")),
    (r"desk|plate|queue|worklist|to-do list|hands", Meaning("desk")),
    (r"(?:critical|high|medium|low)(?=(?: |-)(?:severity|(?:\w+ ){0,2}(?:cves?|vulns?|vulnerabilit(?:y"
     r"|ies)|findings?|flaws?)))(?:(?: |-)severity)?"
     r"|(?:of |with |rated )?(?:severity |severity = ?)(?:of )?(?:critical|high|medium|low)"
     r"|rated (?:critical|high|medium|low)",
     Meaning("severity", None, "vulnerabilities")),
    (r"(?:is |are |was |were )?(?:not (?:yet )?decided(?: yet| so far)?|undecided|unclear"
     r"|(?:still )?uncertain)",
     _filter("vulnerabilities", "status", "=", "under_investigation")),
    (r"(?:must|should|has to|have to|needs? to|ought to) be (?:updated|upgraded|patched|fixed|replaced)",
     _filter("vulnerabilities", "status", "=", "affected")),
    (r"(?:classified|rated|judged|marked|graded|scored|labell?ed|treated|flagged)(?: as| with)?(?: an?"
     r"| the)?(?: verdict)? alerts?", _filter("", "verdict", "=", "alert")),
    (r"(?:still |currently )?(?:open|unresolved|outstanding|pending|unclosed)"
     r"|not (?:yet )?(?:been )?(?:closed|resolved)|still open", _filter("", "state", "=", "open")),
    (r"(?:been )?(?:closed|resolved)(?: already)?", _filter("", "state", "=", "closed")),
    (r"unassigned|not (?:yet )?(?:been )?assigned(?: to (?:anyone|anybody))?"
     r"|without (?:an? )?(?:assignee|owner)|nobody (?:has|is working on|works on|owns)"
     r"|no one (?:has|is working on|owns)|assigned to (?:nobody|no one|no-one)|(?:nobody"
      r"|no one) is (?:assigned|working)(?: to| on)?|(?:nobody|no one) (?:has|got"
       r"|was) (?:been )?assigned(?: to)?|have no (?:assignee|owner)|no (?:assignee"
        r"|owner)", _filter("", "assignee", "is_not_set")),
    (r"(?:is |are )?(?:assigned to|owned by|handled by|taken by|belong(?:s|ing)? to)", Meaning("assigned")),
    (r"assigned(?: to)?|working on|works on|handles?|handling|responsible for|in charge of"
     r"|owns?", Meaning("assigned")),
    (r"(?:verdict (?:is |of |= ?)?)?(?:for |to |in |under |need(?:s|ing)? |awaiting |put to "
     r"|marked for |up for )(?:a )?review|reviews|verdict review|review(?= (?:findings?|mails?|cases?"
      r"|vulnerabilit))", _filter("", "verdict", "=", "review")),
    (r"verdict (?:is |of |= ?)?alert|alert verdicts?|alert-level", _filter("", "verdict", "=", "alert")),
    (r"verdict (?:is |of |= ?)?unknown|of unknown verdict"
     r"|unknown verdicts?", _filter("", "verdict", "=", "unknown")),
    (r"verdict (?:is |of |= ?)?clear|cleared", _filter("", "verdict", "=", "clear")),
    # ---- jobs by name
    (r"(?:the )?mail job|job mail", _filter("", "job", "=", "mail")),
    (r"(?:the )?(?:logs?|log) job|job logs?", _filter("", "job", "=", "logs")),
    (r"(?:the )?(?:vulns?|vulnerability) job|job vulns", _filter("", "job", "=", "vulns")),
    # ---- order, groups, references
    (r"(?:the )?most (?:often|frequently|commonly|common|frequent)|most|more|(?:the )?(?:highest"
     r"|largest|greatest|biggest) (?:number|count|amount)(?: of)?|top|more often"
      r"|busiest", Meaning("order", ("count", True))),
    (r"(?:the )?(?:worst|riskiest|most (?:severe|urgent|critical|dangerous|risky|important|serious"
     r"|pressing)|gravest)|(?:highest|top)(?:-| )?(?:risk|scor(?:e|ing)|scored|priority|severity)"
     r"|(?:by|with the highest) (?:risk|priority|severity)|should (?:we|i) (?:fix|patch|look at|handle"
      r"|address|tackle) first|(?:fix|patch) first", Meaning("order", ("score", True))),
    (r"(?:the )?(?:highest|largest|biggest|greatest|top|most likely)(?= (?:epss|exploit))"
     r"|(?:most likely to be exploited|by epss)", Meaning("order", ("epss", True))),
    (r"(?:the )?(?:highest|greatest|biggest|largest)", Meaning("order", ("next", True))),
    (r"(?:the )?(?:most|highest|largest|busiest|worst|top ones?) first|(?:sorted|ranked"
     r"|ordered) by (?:the )?(?:count|number)", Meaning("order", ("count", True))),
    (r"(?:for )?the (?:very )?(?:first|earliest) time", Meaning("order", ("time", False))),
    (r"(?:for )?the (?:very )?(?:last|latest) time", Meaning("order", ("time", True))),
    (r"(?:the )?(?:latest|most recent|most recently|newest|last)", Meaning("order", ("time", True))),
    (r"(?:the )?(?:first|earliest|oldest)", Meaning("order", ("time", False))),
    (r"per|for each|for every|grouped by|group by|broken down by|split by|by each|each|in each|on each"
     r"|on every|by", Meaning("group")),
    (r"(?:those|these|that|this|the same|such|said)", Meaning("refer")),
    (r"(?:them|they|it|there|theirs|its|their|his|her|he|she|him|thereof|themselves|those ones"
     r"|these ones)", Meaning("refer", "pronoun")),
    (r"(?:which|that|who|where)(?= (?:are|is|have|has|had|were|was|do|does|did|can|also|we|signed"
     r"|logged|failed|got|received|sent|triggered|raised|run|runs|show))|having|whose|with|in which"
     r"|on which|to which|because of|due to|(?:that|which|who) (?:wants?|asks? for|asked for|demands?"
     r"|requests?|mentions?|is about|are about|talks? about|tr(?:y|ies) to get)|about|wanting|asking for"
     r"|requesting|demanding|mentioning", Meaning("relative")),
    (r"and also|and|or|as well as|as well|plus|along with|but|also|then|both", Meaning("join")),
    (r"not|no|without|never|don't|doesn't|didn't|isn't|aren't|none|neither|nor|except(?: for)?"
     r"|excluding|other than|besides|apart from|but not|not counting|leaving out|minus|nobody|no one"
     r"|outside|lacks?|lacking|nothing", Meaning("not")),
    (r"(?:had|have|has|raise[sd]?|trigger(?:s|ed)?|set off|generates?|produces?|cause[ds]?|set off"
     r"|showed?|produced?|generated?|fired|fires?"
     r"|were seen|was seen|seen|observed|occurred|occur|happened|see|saw|detected|found|find|turned up"
      r"|popped up|appear(?:ed|s)?)", Meaning("glue")),
)  # fmt: skip

GLUE = word_set("""
    a an the of on in at to for from by with into onto over about among amongst within through during out up
    our ours we us i me my mine you your is are was were be been being am do does did has have had having
    there any some all every please can could would should will shall may might must just right now currently
    presently actually so far also already still only? organisation organization company environment estate
    fleet network infrastructure here ever yet today's against as per together overall altogether exactly
    entire whole complete full different distinct various individual kindly hey hi ok okay well tell know
    like want need let's let see look check did run runs running ran use uses used using come comes came
    too either than ones one's something anything things thing stuff tried targeted hit first-ever behalf
    altogether
    target seen part whom utc gmt team's respectively total new then else whether both? team? extra
    additionally kindly
    via through anywhere somewhere everywhere
    happens happening actual current concrete specific particular dear colleagues? friend
    too behind write writes created made came as-well
    belong belongs exist exists involve involves involved involving concern concerns concerning concerned
    regarding relate relates related pertaining named called installed deployed present recorded reported
    registered logged-in happened happen against across these?
""") - {"only?", "these?", "both?", "team?", "colleagues?",
    "target", "new", "per", "across", "named?"}  # fmt: skip


@cache
def phrases() -> tuple[tuple[re.Pattern[str], Meaning], ...]:
    """Every phrase, ready to match at a place of a lower-case text."""
    return tuple((re.compile(rf"(?:{pattern})(?![\w@]|[-.](?=\w))"), meaning) for pattern, meaning in _TABLE)


def at(text: str, place: int) -> tuple[int, Meaning] | None:
    """The longest phrase at a place of a lower-case text: where it ends, and what it means."""
    best: tuple[int, Meaning] | None = None
    for pattern, meaning in phrases():
        match = pattern.match(text, place)
        if match and match.end() > place and (best is None or match.end() > best[0]):
            best = match.end(), meaning
    return best


def words(text: str) -> Iterator[re.Match[str]]:
    """The words of a text, with what belongs to a name kept together."""
    return re.finditer(r"[\w][\w.@:/+&'-]*[\w+]|[\w]", text)
