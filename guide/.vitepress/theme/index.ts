import { withBase } from "vitepress";
import Theme from "vitepress/theme-without-fonts";
import { h } from "vue";
import "./style.css";

/** The first drawing of the guide, without its words. */
const drawing = () => h("div", { class: "hero-drawing", "aria-hidden": "true" }, h("img", { src: withBase("/protocol.svg"), alt: "" }));

export default { extends: Theme, Layout: () => h(Theme.Layout, null, { "home-hero-image": drawing }) };
