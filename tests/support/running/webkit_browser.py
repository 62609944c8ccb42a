"""A browser made of WebKit's GTK widget, for WebDriver to start: `python webkit_browser.py PROFILE`.

MiniBrowser, which comes with WebKit, keeps nothing on disk when WebDriver drives it. This browser keeps its storage in
the folder PROFILE, as a user's browser does. The C interface is described in
https://webkitgtk.org/reference/webkit2gtk/stable/.
"""

import ctypes
import sys
from collections.abc import Callable
from typing import Final

# The arguments: an object, what its signal brings along, and data of the listener's own, which is not used.
LISTENER: Final = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
# It brings GTK and GLib with it.
LIBRARY: Final = ctypes.CDLL("libwebkit2gtk-4.1.so.0")
# Of GTK's enumeration of kinds of windows.
TOP_LEVEL: Final = 0
# C has only their addresses.
listeners: list[object] = []


def call(name: str, *arguments: int | bytes | None) -> int:
    """Call a C function with strings, numbers and objects, and return its number or object."""
    function = LIBRARY[name]
    function.restype = ctypes.c_void_p
    pointers = [ctypes.c_char_p(each) if isinstance(each, bytes) else ctypes.c_void_p(each) for each in arguments]
    return function(*pointers) or 0


def new(kind: str, *properties: int | bytes) -> int:
    """Make an object; properties are names and values in turn."""
    return call("g_object_new", call(f"{kind}_get_type"), *properties, None)


def listen(instance: int, signal: bytes, listener: Callable[[int, int, int], int | None]) -> None:
    pointer = LISTENER(listener)
    listeners.append(pointer)
    call("g_signal_connect_data", instance, signal, ctypes.cast(pointer, ctypes.c_void_p).value, None, None, 0)


def closed(view: int, _argument: int, _data: int) -> None:
    call("gtk_widget_destroy", call("gtk_widget_get_toplevel", view))


def opened(_session: int, _argument: int, _data: int) -> int:
    """Open a window, and return its page's view."""
    view = new("webkit_web_view", b"web-context", context, b"is-controlled-by-automation", 1)
    listen(view, b"close", closed)
    window = call("gtk_window_new", TOP_LEVEL)
    call("gtk_window_set_default_size", window, 1280, 900)
    call("gtk_container_add", window, view)
    call("gtk_widget_show_all", window)
    return view


def started(_context: int, session: int, _data: int) -> None:
    """Name this browser as WebDriver asks for it, and open windows for it."""
    name = call("webkit_application_info_new")
    call("webkit_application_info_set_name", name, b"MiniBrowser")
    call("webkit_automation_session_set_application_info", session, name)
    listen(session, b"create-web-view", opened)


if __name__ == "__main__":
    profile = sys.argv[1].encode()
    call("gtk_init", None, None)
    folders = (b"base-data-directory", profile + b"/data", b"base-cache-directory", profile + b"/cache")
    context = new("webkit_web_context", b"website-data-manager", new("webkit_website_data_manager", *folders))
    call("webkit_web_context_set_automation_allowed", context, 1)
    listen(context, b"automation-started", started)
    call("gtk_main")
