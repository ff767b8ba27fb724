"""Ordinary English words that begin sentences or paraphrase others: not names, not facts.

Used only by `verify`: to tell "Attackers may ..." from "Emotet may ...", and "threat actor" from a claim.
"""

from __future__ import annotations

from icelos.jobs.copilot.words import stem, word_set

OPENERS = word_set("""
    according accordingly account accounts actor actors additional additionally admin administrators
    advisory affected agencies alert alerts alternatively although always analyst analysts another any
    anyone application applications apply applying assess attack attacker attackers attacks avoid based
    because before begin beyond block both businesses call check code collect common commonly companies
    confirm consequently consider contain credentials criminals customer customers cybercriminals data
    defenders depending deploy detect detection determine develop device devices disable discontinue do
    document domain due during each either email emails employees enable endpoint endpoints ensure
    enterprises evidence examples execution exploit exploitation exploits external file files find
    finally first fix following for format furthermore gather generally given group groups hackers having
    here hosts however identify implement important in include including indicators information
    initially input inspect install instead internal intruders investigate investigators isolate issues it
    keep known last later least limit log logs look machines maintain make malicious malware many
    messages meanwhile mitigate mitigation mitigations monitor moreover most multiple network networks
    never next no none normally not note notify notably observe often once one only operators
    organisation organisations organization organizations otherwise overall owners part password
    passwords patch people perform permission permissions platforms possible potential preserve prevent
    previously prior privileged processes product products programs provide publish recommended record
    recover reduce regularly related remote remove report requests require responders restore restrict
    result reviews review rule rules run scan second secure security see server servers service services
    set severity several should similar similarly since software some sometimes source sources specifically
    staff start step steps store successful such support suspicious system systems take team teams
    technique techniques test that then there therefore these they third this those threat through
    together tools traffic track two typically under unless unlike update updates upgrade use user users
    using usually validate vendor vendors verify version versions victim victims vulnerability
    vulnerabilities weakness weaknesses when where while with within without workarounds yes you your
""")

NEUTRAL = frozenset(
    stem(word)
    for word in word_set("""
    according actor additional adversary affect affected aim allow attack attributed author available base
    called carry case cause commonly contain current describe described detail detect example explain
    following general given happen help identify include included information instance involve issue known
    link list make main mean mention method mitigate name note object occur order part people perform
    possible potential present problem provide purpose relate report required respond response result
    review risk say see seen serve show source specific state stated such target technique thing threat
    topic type typical vendor victim way weakness work yes
    """)
)
"""Stems that a sentence may add without changing what it claims."""

SYNONYMS: tuple[frozenset[str], ...] = tuple(
    word_set(group)
    for group in (
        "adversary adversaries attacker attackers actor actors intruder intruders hacker hackers threat",
        "use uses used using utilize utilise leverage employ employed exploit exploited abuse abused",
        "get gain gained obtain obtained acquire acquired access steal stole",
        "execute executed run ran launch launched invoke start conduct conducted perform performed",
        "likely probably presumably reportedly apparently",
        "make create created build craft crafted generate generated",
        "find discover discovered identify identified locate enumerate",
        "send transmit transfer exfiltrate upload",
        "erase delete deleted remove removed wipe clear",
        "hide hidden conceal obfuscate mask disguise",
        "fix fixed patch patched resolve resolved remediate address addressed correct corrected repair",
        "update updated upgrade upgraded",
        "stop halt prevent prevented block blocked",
        "limit limited restrict restricted constrain",
        "watch monitor monitored observe observed track",
        "flaw vulnerability weakness bug defect",
        "software product application program",
        "computer host machine system device endpoint",
        "organization organisation company enterprise",
        "allow allows allowed let lets enable enables permit permits",
        "change changed modify modified alter altered",
        "secret credential credentials password passwords",
        "folder directory directories",
        "mail email e-mail",
        "severe critical serious",
        "remote remotely network",
        "person people user users individual",
        "deadline due",
        "mitigate mitigation counter countermeasure protect defend",
        "show display reveal disclose expose leak",
        "step action measure",
        "tell inform notify report alert",
        "verify check validate confirm ensure",
        "try attempt attempts tries",
        "several many multiple numerous various",
        "improper improperly incorrect incorrectly wrong wrongly",
        "lack lacks missing absent without",
        "older earlier prior previous before",
        "newer later after",
    )
)
