// The page's local user, and a current token for that user: the stand-in for an application's own sign-in.
const USER_KEY = "dashkeep.user";
const EARLY_MS = 30_000;

export class Session {
  user = localStorage.getItem(USER_KEY) ?? "user-1";
  #held = null;
  #requested = null;

  choose(user) {
    this.user = user;
    this.#held = null;
    this.#requested = null;
    localStorage.setItem(USER_KEY, user);
  }

  holds(token) {
    return this.#held?.token === token;
  }

  /** Return a token that is still valid; requests at the same time share one, and a failure is not remembered. */
  async token({ refresh = false } = {}) {
    if (!refresh && this.#held && Date.now() < this.#held.until) return this.#held.token;
    const requested = (this.#requested ??= this.#request(this.user));
    try {
      return await requested;
    } finally {
      if (this.#requested === requested) this.#requested = null;
    }
  }

  async #request(user) {
    const answer = await fetch(`/local/token?sub=${encodeURIComponent(user)}`);
    if (!answer.ok) throw new Error(`/local/token returned ${answer.status}`);
    const { token, expiresIn } = await answer.json();
    if (user === this.user) this.#held = { token, until: Date.now() + expiresIn * 1000 - EARLY_MS };
    return token;
  }
}
