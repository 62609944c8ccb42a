/** What `live` uses of the browser besides the client's environment, so that tests can replace it. */

/** An open WebSocket, as far as it is used. */
export interface Socket {
  send(text: string): void;
  close(): void;
}

export interface SocketEvents {
  opened(): void;
  heard(text: string): void;
  /** It was closed, or could not be opened. */
  closed(): void;
}

export interface LiveEnvironment {
  /** Open a WebSocket; one that the browser lacks or forbids is reported as closed, later. */
  connect(url: string, events: SocketEvents): Socket;
  /** Whether the page is hidden now; `listen` of the client's environment reports when that changes. */
  isHidden(): boolean;
  /**
   * Listen for the page being left, perhaps for the back/forward cache, which takes no page with an open WebSocket, or coming
   * back from there; returns a function to stop.
   */
  listen(kind: "left" | "back", listener: () => void): () => void;
}

export function browserLiveEnvironment(): LiveEnvironment {
  return {
    connect,
    isHidden: () => globalThis.document.visibilityState === "hidden",
    listen(kind, listener) {
      const type = kind === "left" ? "pagehide" : "pageshow";
      // Every page that is loaded has a `pageshow`, too.
      const heard = (event: Event) => (kind === "left" || (event as PageTransitionEvent).persisted) && listener();
      globalThis.addEventListener(type, heard);
      return () => globalThis.removeEventListener(type, heard);
    },
  };
}

function connect(url: string, { opened, heard, closed }: SocketEvents): Socket {
  try {
    const socket = new WebSocket(url);
    socket.onopen = opened;
    socket.onmessage = ({ data }) => heard(String(data));
    // After an error, too.
    socket.onclose = closed;
    return socket;
  } catch {
    queueMicrotask(closed);
    return { send() {}, close() {} };
  }
}
