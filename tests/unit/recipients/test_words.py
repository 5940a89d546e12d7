"""What partners write, labelled by hand: no opt-out that is none, and none that is missed."""
# ruff: noqa: RUF001 — people write with signs that look like others.

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.recipients.words import Intent, intent_of, normalised


def texts(block):
    """The texts of a block, which has a bar between them."""
    return tuple(text.strip() for text in block.replace("\n", "|").split("|") if text.strip())


STOP = (
    *texts("""
    STOP | stop | Stop | Stop. | STOP!!! | stop 🙏 | 🙏 Stop | *STOP* | _stop_ | “Stop” | (stop) | ＳＴＯＰ | StopAll
    stop all | Unsubscribe | unsubscribe. | QUIT | quit! | Revoke | remove | Remove 😡 | optout | opt out
    OPT OUT. | -stop- | stop 👎🏽 | ...stop | रोकें | रोकें। | रोको | रोको! | रोको 🙏 | बंद करो | बंद करो।
    बंद करें | बंद करें 🙏 | 🛑 बंद करें | स्टॉप | स्टॉप. | स्टॉप 🙏🏽 | “स्टॉप”
    """),
    "  stop  ",
    "s\u200btop",
    "STOP  ALL",
    "stop\nall",
    "Opt  Out",
    "बंद  करो",
    "रो\u200dको",
    "stop\ufe0f",
    "STOP ⛔️",
)
START = texts("""
    START | start | Start. | unstop | UNSTOP! | resume | Resume 🙂 | शुरू | शुरू। | शुरू 🙏 | चालू करें
    चालू करें।
""")
ENGLISH = texts("English | ENGLISH | english. | English 🙏 | अंग्रेज़ी | अंग्रेजी | अंग्रेज़ी।")
HINDI = texts("Hindi | HINDI | hindi! | हिंदी | हिन्दी | हिंदी। | हिन्दी 🙏")
HELP = texts("""
    help | HELP | Help! | help 🙏 | info | INFO | मदद | मदद। | मदद 🙏 | Need help | need help. | मदद चाहिए
    मदद चाहिए।
""")
LATER = texts("Remind me later | remind me later. | बाद में याद दिलाएँ | बाद में याद दिलाएँ।")
MAYBE = texts("""
    please stop | Please stop. | stop please | stop stop | stop it | stop this | pls stop msg | stop sending
    Please don't send | please dont send msg | do not send me messages | Don't message me | don’t send
    stop sending me these messages, I have told your office about this many times already this month | cancel
    Cancel. | END | end | बंद | बंद। | band | Band. | बन्द | unsub | opt-out | I want to opt out | remove me
    remove my number | remove my number from your list please, this is not the workshop any more
    unsubscribe me | no more messages | No more reminders please | leave me alone | wrong number | block
    never message me again | i will quit | stop kar do | STOP karo bhai | stop kijiye | msg band karo
    message mat bhejo | mat bhejo | msg mat karo | message band kro | band karo | band kar do | bandh karo bhai
    roko bhai | ye message rok do | message nahi bhejo | mat bhejiye sir | pareshan mat karo | hata do
    मैसेज मत भेजो | मत भेजो | मैसेज बंद करो | मैसेज बंद कर दो | कृपया बंद करें | बंद कर दीजिए | रोक दीजिए
    संदेश न भेजें | मैसेज मत करो | मैसेज नहीं चाहिए | परेशान मत करो | गलत नंबर | मेरा नंबर हटा दो
    रिमाइंडर मत भेजिए | अनसब्सक्राइब | S.T.O.P. | s t o p | Un-subscribe | बँद करो | स्टाप | don´t send
    कृपया मुझे बार बार मैसेज न भेजें, मैंने काम आपके ऑफिस को पहले ही वापस कर दिया है | मैसेज stop करो
    please रोको | stop करें | STOP कर दो | message बंद करो | reminder मत भेजो | msg रोक दो
""")
OTHER = (
    *texts("""
    ok | OK 👍 | yes | Yes sir | no | No. | हाँ | जी | जी हाँ | नहीं | ठीक है | theek hai | haan ji | done | 👍
    🙏 | Material came late, will start from Monday | material late aaya, monday se | from Monday | सोमवार से
    कल से शुरू करेंगे | We will start tomorrow | work started yesterday | started | resume work on Monday
    kaam shuru ho gaya | काम शुरू हो गया | 120 pieces ready | 120 पीस तैयार | 120 pcs ho gaye | half done
    आधा हो गया | 80% complete | finish by Friday | machine stopped yesterday, the fitter comes today
    The loom has stopped | मशीन रुकी है | मशीन ख़राब है | machine kharab hai | आज बंद है | आज कारखाना बंद है
    aaj band hai | factory is closed today | दुकान बंद थी | Diwali ki chhutti hai | दीवाली की छुट्टी है
    कपड़ा नहीं आया | kapda nahi aaya | material nahi mila | सामान नहीं भेजा आपने | सामान नहीं मिला
    dyeing baaki hai | रंगाई बाकी है | Please send the design again | design bhej do | डिज़ाइन भेजिए
    please send material | fabric bhejo | call me | फोन करो | कॉल कीजिए | which run? | कौन सा रन? | what is this
    ये क्या है | who is this | आप कौन | price kya hai | rate बताइए | payment kab hoga | payment नहीं हुआ
    पैसे कब मिलेंगे | I have sent the goods | माल भेज दिया | maal bhej diya | dispatch ho gaya | courier done
    I can not open the link | link nahi khul raha | लिंक नहीं खुल रहा | how to open | kaise kholu
    पासवर्ड क्या है | login problem | cancel this run, we cannot make it | ये रन कैंसिल कर दो
    give it to somebody else | किसी और को दे दो | weekend tak | by the end of the week | end of month
    महीने के अंत तक | start and end dates? | we do not stop work, everything will be ready by Friday evening
    helper is ill | help chahiye design me, kaun sa rang | मदद करने वाला कोई नहीं है आज | info on GST please
    english me likho | हिंदी में लिखिए | speak hindi? | yes start | start from Monday | शुरू कर दिया | चालू है
    चालू हो गया | removed the stains, washing now | 2 days | दो दिन | do din | kal | कल | परसों | after 4 days
    next week | अगले हफ़्ते | sir 5 din aur | thoda time do | थोड़ा समय दीजिए | Good morning | नमस्ते | 🙏🙏
    thank you | धन्यवाद | shukriya | happy diwali | दीपावली की शुभकामनाएँ | ? | ... | kya hua | sorry
    """),
    "",
    "  ",
)
LABELLED = [
    (text, intent)
    for intent, labelled in (
        (Intent.STOP, STOP),
        (Intent.START, START),
        (Intent.ENGLISH, ENGLISH),
        (Intent.HINDI, HINDI),
        (Intent.HELP, HELP),
        (Intent.LATER, LATER),
        (Intent.MAYBE_STOP, MAYBE),
        (Intent.OTHER, OTHER),
    )
    for text in labelled
]


def test_what_a_partner_writes_is_taken_for_what_it_is():
    assert [(text, intent_of(text)) for text, intent in LABELLED if intent_of(text) is not intent] == []


def test_the_table_is_as_long_as_was_asked_for():
    assert len(LABELLED) >= 200
    assert len({text for text, _ in LABELLED}) == len(LABELLED)


@pytest.mark.parametrize("text", ["STOP", "रोको", "bas karo", "बंद"])
def test_a_caption_and_an_edited_message_stop_nobody_by_themselves(text):
    assert intent_of(text, stop_words=["bas karo"], whole=False) is Intent.MAYBE_STOP


@pytest.mark.parametrize("text", ["START", "हिंदी", "help", "Remind me later"])
def test_a_caption_is_no_other_word_either(text):
    assert intent_of(text, whole=False) is Intent.OTHER


@pytest.mark.parametrize("text", ["Bas", "bas!", " BAS 🙏", "थांबा", "थांबा."])
def test_operations_may_add_words(text):
    assert intent_of(text, stop_words=["bas", "थांबा"]) is Intent.STOP
    assert intent_of(text) is Intent.OTHER


def test_a_word_that_operations_have_added_sounds_like_stop_in_a_short_text():
    assert intent_of("bhai bas karo", stop_words=["bas"]) is Intent.MAYBE_STOP


def test_nothing_was_said_where_there_is_no_text():
    assert intent_of(None) is Intent.OTHER


@pytest.mark.parametrize(("intent", "language"), [(Intent.ENGLISH, "en"), (Intent.HINDI, "hi"), (Intent.STOP, None)])
def test_which_language_is_asked_for(intent, language):
    assert intent.language == language


@given(st.text(max_size=200))
def test_whatever_is_written_is_read_and_comparing_twice_changes_nothing(text):
    assert isinstance(intent_of(text), Intent)
    assert normalised(normalised(text)) == normalised(text)
