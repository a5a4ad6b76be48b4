/** How many bytes go by one character. */
const PAGE = 86;

/**
 * The bytes of the module's text (`xtask/src/printable.rs`): the printable characters but a few, of which the first two stand
 * for a page that the next one is on. After compression it is smaller than hexadecimal digits and than base64.
 */
export function decode(text: string): Uint8Array<ArrayBuffer> {
  const places = new Uint8Array(128);
  for (let code = 32, place = 0; code < 127; code++) if (!"\"'`\\$<&".includes(String.fromCharCode(code))) places[code] = place++;
  const bytes = new Uint8Array(text.length);
  let end = 0;
  let page = 0;
  for (let at = 0; at < text.length; at++) {
    const place = places[text.charCodeAt(at)]!;
    if (place < 2) page = (place + 1) * PAGE;
    else {
      bytes[end++] = page + place - 2;
      page = 0;
    }
  }
  return bytes.subarray(0, end);
}
