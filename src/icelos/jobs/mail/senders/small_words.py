"""Words that any text has, whatever it is about, by language: pronouns, prepositions, auxiliaries."""

from __future__ import annotations

from collections.abc import Mapping

SMALL_WORDS: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "en": """
            a an the and or but if then so because as while of to in on at by for with from about into
            over under up down out off is are was were be been being am do does did have has had will
            would can could should may might must shall not no nor you he she it we they me him her us
            them my your his its our their this that these those there here what which who whose when
            where why how all any some each every both few more most other such only own same than too
            very just also again ever never now still yet already even though although however
            actually basically really quite rather perhaps maybe probably indeed well sure yes ok okay
            please thanks thank first last next get got make see know think want need use used using
            try tried let like look looks seem seems something anything nothing someone anyone thing
            way lot bit since until unless between through during before after without within per via
        """,
        "de": """
            der die das den dem des ein eine einen einem einer und oder aber wenn dann weil als wie
            von zu im in am an auf bei mit für aus über unter ist sind war waren sein haben hat hatte
            wird werden kann könnte sollte muss nicht kein keine ich du er sie es wir ihr mich mir uns
            sich mein dein unser dieser diese dieses auch noch nur schon sehr so doch mal bitte danke
            vielleicht eigentlich gerne
        """,
        "fr": """
            le la les un une des et ou mais si donc car comme de du à au aux en dans sur par pour avec
            sans est sont été être avoir ont avait ne pas plus je tu il elle nous vous ils me te se
            mon ton son notre votre leur ce cet cette ces qui que quoi dont où aussi très bien encore
            merci peut
        """,
        "es": """
            el la los las un una unos y o pero si entonces porque como de del a al en sobre por para
            con sin es son era ser estar está han ha había no más yo tú él ella nosotros usted me te
            se mi su nuestro este esta estos que quien cuando donde también muy ya gracias puede
        """,
        "pt": """
            o a os as um uma e ou mas se então porque como de do da dos das em no na nos por para com
            sem é são foi ser estar está tem não mais eu ele ela nós você me te meu seu nosso este
            esta isso que quem quando onde também muito já obrigado pode
        """,
        "it": """
            il lo la i gli le un una e o ma se allora perché come di del della a al in nel su per con
            senza è sono era essere ha hanno non più io tu lui lei noi voi mi ti si mio suo nostro
            questo questa che chi quando dove anche molto già grazie può
        """,
        "nl": """
            de het een en of maar als dan omdat van te in op aan bij met voor uit over is zijn was
            waren hebben heeft wordt kan zou moet niet geen ik jij hij zij wij je me mij ons mijn jouw
            onze deze dit dat die wie wat waar ook nog al zeer graag bedankt
        """,
    }.items()
}
