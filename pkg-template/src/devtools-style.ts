/** How the panel looks (`devtools.css`). A constructed sheet: `style-src 'self'` has nothing to say about it. */
import { CSS } from "../generated/devtools-css.js";

let sheet: CSSStyleSheet | undefined;

/** The sheet, made once a page. */
export function styles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
