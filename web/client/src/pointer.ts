/** JSON pointers (RFC 6901). */

/** Escape a member's name (section 3). */
export function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Split a pointer into its reference tokens (section 4). */
export function tokensOf(pointer: string): string[] {
  return pointer.split("/").slice(1).map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}
