"""Words by what they stand for in a text that speaks to a model, in ten languages.

A word that ends in "*" stands for every word that begins so. One concept for "ignore", "vergiss" and
"忽略" is what lets a rule that was learnt in one language hold in another.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

CONCEPTS: Mapping[str, str] = {
    "assistant": """assistant assistants assistent assistenten asistente assistente assistente ассистент* ai ki ia ии
        llm llms gpt gpt-4 gpt4 gpt-5 chatgpt claude gemini copilot copilots chatbot* bot bots llama mistral deepseek
        language-model sprachmodell* модел* 助手 人工智能 语言模型 大模型 アシスタント 言語モデル""",
    "model": "model models modell modelle modèle modelo modello agent agents agente modelos modelli system-prompt",
    "machine": """crawler* parser parsers summarizer* summariser* classifier pipeline automation automated tool-call
        indexer embedding rag retriever""",
    "override": """ignore ignores ignoring disregard disregards disregarding forget forgets forgetting bypass override
        overrides overriding overrule supersede* overwrite* neglect discard drop abandon dismiss skip nullify cancel*
        ignorier* vergiss vergesst vergessen missacht* verwirf überschreib* ignorez oublie oubliez contourne* ignora
        ignoren ignorad ignore-z olvida olvide olviden olvidad descarta* dimentica dimenticate dimenticare ignorate
        ignori esqueça esquece esqueçam desconsider* negeer negeren vergeet игнориру* забуд* отмени* 忽略 无视 忘记 無視
        忘れ 跳过""",
    "prior": """previous previously prior above earlier preceding before foregoing original initial existing former
        vorherig* bisherig* obig* früher* vorig* ursprünglich* précédent* antérieur* ci-dessus initiales anterior*
        previas previos precedent* iniziali eerdere vorige bovenstaande предыдущ* прежн* выше 之前 以前 上述 以上 前の
        上記 先前""",
    "every": "all any every everything anything alle alles toutes tous tout todas todos todo tutte tutti все 所有 全部 すべて",
    "instruction": """instruction instructions prompt prompts guideline guidelines directive directives directions rules rule
        orders command commands constraints guardrail* safeguards programming anweisung* richtlinie* regeln vorgabe*
        befehl* consigne* règles directives instrucci* reglas directrices istruzion* regole direttiv* instruç* regras
        instructies regels richtlijnen инструкци* правил* указани* команд* 指令 指示 规则 提示 プロンプト ルール 命令""",
    "response": """response responses answer answers reply replies output outputs completion completions answering
        responding antwort antworten ausgabe réponse réponses respuesta respuestas risposta risposte resposta respostas
        antwoord antwoorden ответ* вывод* 回答 回复 答复 输出 返答 応答 出力""",
    "summary": """summary summaries summarize summarise summarizing summarising summarized zusammenfassung zusammenfass*
        zusammenzufassen résumé résumer résume resumen resumir resume-n riassunto riassumere resumo samenvatting
        samenvatten резюме сводк* 摘要 总结 要約 概要""",
    "say": """say says write print output display state respond reply answer tell mention repeat recite echo emit return
        produce generate declare announce claim report sag sage schreib* gib ausgeben antworte nenne zeige drucke
        wiederhol* dis dites écris écrivez affiche* réponds répondez répète* mentionne* di diga escribe escriba muestra
        muestre responde responda repite imprime scrivi scrivete mostra mostrate rispondi ripeti diga escreva mostre
        repita zeg schrijf toon herhaal скажи* напиши* выведи* ответь* повтори* покажи* 说 写 打印 显示 重复 回答说 言って
        書いて 表示""",
    "add": """include includes append appends add adds insert inserts attach prepend integrate incorporate embed weave
        enclose finish conclude end begin start open close put place füge hinzufüg* ergänz* anhäng* angehäng* beende*
        beginn* ajoute* inclu* insère* insérez termine* commence* añad* agreg* incluy* inserta* aggiungi* aggiunt*
        inserisci* includi* adicion* inclua voeg toevoegen eindig добав* включи* вставь* 添加 包含 附上 加上 追加 含め""",
    "change": """modify change alter enhance augment adapt adjust replace substitute rewrite rephrase convert encode
        scramble format reformat translate transform remove omit reverse capitalize shorten rearrange render style
        ersetze* ändere* übersetz* remplace* modifie* tradui* cambia* modifica* reemplaz* traduc* sostitui* traduci*
        substitua traduza vervang vertaal замени* измени* перевед* 翻译 替换 修改 翻訳 変更""",
    "send": """send sends forward email e-mail mail post upload transmit exfiltrate submit share transfer deliver leak cc
        bcc publish sende* schick* weiterleit* leite envoie* envoyer transfère* envía* envíe* enviar manda* reenv* invia*
        inoltra* envie* encaminh* stuur doorsturen отправ* перешли* 发送 转发 上传 送信 転送""",
    "act": """call invoke execute run use open visit browse fetch click follow navigate load download install delete erase
        wipe create schedule invite book reserve order buy purchase pay wire grant approve enable disable activate
        update reset change-password unsubscribe search retrieve query read lookup ruf* aufruf* führe* öffne* besuch*
        lösch* appelle* exécute* ouvre* visite* supprime* llama ejecut* abre visita* borra* elimina* chiama* esegui*
        apri* visita cancella* chame execute abra apague roep voer bezoek verwijder вызови* выполни* открой* удали* 执行
        调用 删除 访问 点击 実行 削除 開いて""",
    "secret": """password passwords credential credentials secret secrets token tokens api-key apikey confidential private
        hidden internal sensitive key keys passwort* zugangsdaten geheim* mot-de-passe confidentiel* identifiants
        contraseña* secreto* credencial* credenzial* segret* senha* wachtwoord парол* секрет* 密码 机密 秘密 凭据 密鑰
        パスワード""",
    "inside": """conversation chat history context memory configuration settings dialogue transcript window session verlauf
        gespräch* historique historial conversación cronologia conversa gesprek истори* разговор* 对话 历史 上下文 会話
        履歴""",
    "reveal": """reveal disclose expose dump show leak verrate* offenleg* preis révèle* divulgu* revela* revele rivela*
        mostre onthul раскро* 透露 泄露 公开 明かし""",
    "you": """you your yours yourself du dir dein deine deinen deiner deinem dich sie-sind tu ton ta tes vous votre vos
        toi tú tus usted ustedes eres tuo tua tuoi tue sei voi vostro você seu suas je jouw jij u uw ты твой твои тебе
        вы ваш* вам 你 您 你的 あなた""",
    "now": """now henceforth onward onwards instead ab-jetzt sofort nun jetzt stattdessen désormais maintenant dorénavant
        ahora adelante ora adesso invece agora nu voortaan теперь отныне сейчас вместо 现在 从现在 今から これから""",
    "role": """act pretend role roleplay role-play persona character mode simulate imagine impersonate behave become acting
        unrestricted jailbreak* dan developer debug maintenance sudo god-mode rolle modus spiele simulier* stell rôle
        simule agis imagine-z actúa finge modo rol ruolo agisci fingi modalità aja finja papel rol gedraag modus роль
        режим* притворись представь 角色 扮演 模式 役割 モード""",
    "nolimit": """unrestricted unfiltered uncensored unlimited limitless restrictions restriction limits filters filter
        censorship safety ethical ethics moral uneingeschränkt* einschränkung* beschränkung* restricción* restricciones
        límites restriction* limites restrizion* limiti restriç* beperking* ограничен* без-ограничений 限制 限制的 制限""",
    "user": """user users human reader customer recipient operator analyst requester benutzer* nutzer* leser* utilisateur*
        lecteur* usuario* lector* utente utenti lettore usuário* gebruiker* пользовател* читател* 用户 读者 ユーザー""",
    "system": """system admin administrator sysadmin root systemhinweis système sistema systeem систем* 系统 システム
        sysmsg""",
    "urgent": """important urgent attention critical mandatory must required essential crucial warning notice wichtig*
        achtung dringend muss zwingend important* urgent* obligatoire doit doivent importante urgente obligatorio debe
        deben deve devono obbligatori* importantissimo belangrijk moet verplicht важно срочно должен обязательн* 重要
        必须 务必 紧急 必ず""",
    "when": """when whenever while if once upon after before until during wenn sobald bevor nachdem bei quand lorsque si
        avant après cuando si antes después quando se prima dopo als voordat wanneer когда если прежде после 当 如果 之后
        前に 場合""",
    "read": """reading read process processing parse parsing analyse analyze analyzing reviewing review evaluating evaluate
        handling viewing asked ask asks lesen liest verarbeite* bearbeit* gelesen lis lisez lire traite* leer lees
        proces* leggi* leggere elabora* ler leia lees verwerk чита* обработ* 阅读 处理 读到 読んで 処理""",
    "quiet": """silently quietly secretly without never don't dont not hide conceal nobody unnoticed heimlich ohne nie
        nicht discrètement sans jamais silencio sin nunca silenzio senza mai sem zonder niet молча без никогда 不要 不得
        别 悄悄 ないで""",
    "task": """task tasks request requests question questions query job goal objective mission assignment aufgabe* frage*
        anfrage tâche* question* demande tarea* pregunta* solicitud compito domanda* richiesta tarefa* pergunta* taak
        vraag задач* вопрос* запрос* 任务 问题 请求 タスク 質問""",
    "message": "message note notice notes memo reminder hinweis nachricht remarque nota aviso avviso bericht сообщен* 消息 注意 通知",
    "new": "new updated latest following below next instead neue neuen folgende* nouvelle* suivant* nueva* siguiente* nuov* seguent* новы* следующ* 新的 以下 新しい 次の",
    "only": "only solely exactly exclusively verbatim simply just word-for-word nur wörtlich genau seulement uniquement exactement solo sólo exactamente soltanto esattamente apenas alleen только дословно 只 仅 だけ のみ",
    "decode": "decode decoded base64 rot13 hex decipher decrypt unscramble cipher caesar dekodier* décode* decodific* decodifica 解码 decodeer",
    "comply": "comply obey follow adhere cooperate befolge* gehorch* obéis* suis obedece* sigue obbedisc* segui obedeça подчин* следуй* 遵守 服从 従って",
    "person": "admin administrators analyst analysts responder responders team teams staff personnel employee employees owner engineer engineers manager soc csirt operators defenders organizations",
    "rank": "rate score rating label classify verdict benign harmless safe legitimate approved hire recommend candidate qualified prefer best clear close escalate",
    "story": "story poem essay song joke recipe letter email speech paragraph sentence article headline slogan translation gedicht poème poema poesia",
}  # fmt: skip
NAMES = tuple(CONCEPTS)


@cache
def words() -> Mapping[str, tuple[int, ...]]:
    """Whole words to the numbers of their concepts."""
    return _table(lambda word: not word.endswith("*") and not _is_joined(word))


@cache
def beginnings() -> Mapping[str, tuple[int, ...]]:
    """Beginnings of words to the numbers of their concepts."""
    return {word.rstrip("*"): found for word, found in _table(lambda w: w.endswith("*")).items()}


@cache
def joined() -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Words of scripts that put no blanks between them, the longest first."""
    found = _table(lambda word: _is_joined(word))
    return tuple(sorted(((w.rstrip("*"), c) for w, c in found.items()), key=lambda one: -len(one[0])))


def _is_joined(word: str) -> bool:
    return any("\u3040" <= c <= "\u9fff" for c in word)


def _table(wanted: object) -> dict[str, tuple[int, ...]]:
    assert callable(wanted)  # noqa: S101
    found: dict[str, list[int]] = {}
    for number, listed in enumerate(CONCEPTS.values()):
        for word in dict.fromkeys(listed.split()):
            if wanted(word):
                found.setdefault(word, []).append(number)
    return {word: tuple(numbers) for word, numbers in found.items()}
