/** How many bytes go by one character. */
const PAGE = 86;

/**
 * The bytes of the module's text (`xtask/src/printable.rs`): the printable characters but a few, of which the first two stand
 * for a page that the next one is on. After compression it is smaller than hexadecimal digits and than base64.
 */
export function decode(text: string): Uint8Array<ArrayBuffer> {
  const places: number[] = [];
  for (let code = 32, place = 0; code < 127; code++) if (!"\"'`\\$<&".includes(String.fromCharCode(code))) places[code] = place++;
  // In place, with as little as can be in a loop that nobody has compiled yet.
  const bytes = new TextEncoder().encode(text);
  let end = 0;
  for (let at = 0; at < bytes.length; ) {
    const place = places[bytes[at++]!]!;
    bytes[end++] = place > 1 ? place - 2 : (place + 1) * PAGE + places[bytes[at++]!]! - 2;
  }
  return bytes.subarray(0, end);
}
