"""The names in HTML that decide whether a text is a tag, and whether the tag runs script."""

from typing import Final

# The HTML standard's event handlers, those of body included:
# https://html.spec.whatwg.org/multipage/indices.html#attributes-3
_STANDARD: Final = """
    onabort onafterprint onauxclick onbeforeinput onbeforematch onbeforeprint onbeforetoggle onbeforeunload onblur
    oncancel oncanplay oncanplaythrough onchange onclick onclose oncommand oncontextlost oncontextmenu
    oncontextrestored oncopy oncuechange oncut ondblclick ondrag ondragend ondragenter ondragleave ondragover
    ondragstart ondrop ondurationchange onemptied onended onerror onfocus onformdata onhashchange oninput oninvalid
    onkeydown onkeypress onkeyup onlanguagechange onload onloadeddata onloadedmetadata onloadstart onmessage
    onmessageerror onmousedown onmouseenter onmouseleave onmousemove onmouseout onmouseover onmouseup onoffline
    ononline onpagehide onpagereveal onpageshow onpageswap onpaste onpause onplay onplaying onpopstate onprogress
    onratechange onrejectionhandled onreset onresize onscroll onscrollend onsecuritypolicyviolation onseeked
    onseeking onselect onslotchange onstalled onstorage onsubmit onsuspend ontimeupdate ontoggle
    onunhandledrejection onunload onvolumechange onwaiting onwheel
"""
# Those of pointers, touch, CSS, selection, full screen, encrypted media, SVG, devices and picture in picture.
_RELATED: Final = """
    onactivate onanimationcancel onanimationend onanimationiteration onanimationstart onbegin
    oncontentvisibilityautostatechange ondevicemotion ondeviceorientation ondeviceorientationabsolute onencrypted
    onend onenterpictureinpicture onfocusin onfocusout onfullscreenchange onfullscreenerror ongamepadconnected
    ongamepaddisconnected ongotpointercapture onleavepictureinpicture onlostpointercapture onmousewheel
    onorientationchange onpointercancel onpointerdown onpointerenter onpointerleave onpointerlockchange
    onpointerlockerror onpointermove onpointerout onpointerover onpointerrawupdate onpointerup onreadystatechange
    onrepeat onscrollsnapchange onscrollsnapchanging onselectionchange onselectstart ontouchcancel ontouchend
    ontouchmove ontouchstart ontransitioncancel ontransitionend ontransitionrun ontransitionstart onvisibilitychange
    onwaitingforkey onzoom
"""
# Those of Chromium alone.
_CHROMIUM: Final = """
    onappinstalled onautofill onbeforecopy onbeforecut onbeforeinstallprompt onbeforepaste onbeforexrselect onfreeze
    oninterest onlocation onloseinterest onoverscroll onoverscrollcancel onoverscrollchanging onoverscrollend
    onoverscrollstart onpaint onprerenderingchange onpromptaction onpromptdismiss onresume onsearch onsnapchanged
    onsnapchanging onstream ontimezonechange ontrack onvalidationstatuschange onwebkitanimationend
    onwebkitanimationiteration onwebkitanimationstart onwebkitfullscreenchange onwebkitfullscreenerror
    onwebkitspeechchange onwebkittransitionend
"""
# Those of Firefox alone, and of the marquee, which only Firefox still has.
_FIREFOX: Final = """
    onabsolutedeviceorientation onafterscriptexecute onbeforescriptexecute onbounce ondevicelight ondeviceproximity
    onfinish onloadend onmozfullscreenchange onmozfullscreenerror onmozorientationchange onmozpointerlockchange
    onmozpointerlockerror onoverflow onshow onstart onunderflow onuserproximity onvrdisplayactivate
    onvrdisplayconnect onvrdisplaydeactivate onvrdisplaydisconnect onvrdisplaypresentchange
"""
# Those of WebKit alone.
_WEBKIT: Final = """
    onautocomplete onautocompleteerror onbeforeload ongesturechange ongestureend ongesturestart
    onwebkitassociateformcontrols onwebkitautofillrequest onwebkitbeginfullscreen
    onwebkitcurrentplaybacktargetiswirelesschanged onwebkitendfullscreen onwebkitkeyadded onwebkitkeyerror
    onwebkitkeymessage onwebkitmediasessionmetadatachanged onwebkitmouseforcechanged onwebkitmouseforcedown
    onwebkitmouseforceup onwebkitmouseforcewillbegin onwebkitneedkey onwebkitplaybacktargetavailabilitychanged
    onwebkitpresentationmodechanged onwebkitwillrevealbottom onwebkitwillrevealleft onwebkitwillrevealright
    onwebkitwillrevealtop
"""

HANDLERS: Final = frozenset(f"{_STANDARD}{_RELATED}{_CHROMIUM}{_FIREFOX}{_WEBKIT}".split())
"""Every attribute that a browser compiles as a script."""

# The HTML standard's elements, the obsolete ones included, and the roots of SVG and MathML:
# https://html.spec.whatwg.org/multipage/indices.html#elements-3
_ELEMENTS: Final = """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body
    br button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em
    embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i
    iframe image img input ins isindex kbd keygen label legend li link listing main map mark marquee math menu
    menuitem meta meter multicol nav nextid nobr noembed noframes noscript object ol optgroup option output p param
    picture plaintext pre progress q rb rp rt rtc ruby s samp script search section select selectedcontent slot
    small source spacer span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead
    time title tr track tt u ul var video wbr xmp
"""

ELEMENTS: Final = frozenset(_ELEMENTS.split())
