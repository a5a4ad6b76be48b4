import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type DefaultTheme } from "vitepress";
import { entries, root, sections, work } from "../contents.mjs";
import { slug } from "../slug.mjs";

const api = entries(JSON.parse(readFileSync(join(root, "pkg-template/package.json"), "utf8"))).map(([name, source]: [string, string]) => ({
  text: name,
  link: `/api/${source === "index" ? "relatch" : source}`,
}));

const sidebar: DefaultTheme.SidebarItem[] = [
  ...sections.map(({ text, pages }) => ({ text, items: pages.map(([page, name]) => ({ text: name, link: `/${page}` })) })),
  { text: "Reference", items: [...api, { text: "The crate (rustdoc)", link: "/rust/relatch/index.html", target: "_self" }] },
];

const koreanSearch: DefaultTheme.LocalSearchOptions["translations"] = {
  button: { buttonText: "검색", buttonAriaLabel: "검색" },
  modal: {
    displayDetails: "자세히 보기",
    resetButtonTitle: "지우기",
    backButtonTitle: "닫기",
    noResultsText: "결과가 없습니다",
    footer: { selectText: "선택", navigateText: "이동", closeText: "닫기" },
  },
};

const has = (page: string): boolean => sections.some(({ pages }) => pages.some(([name]) => name === page));

export default defineConfig({
  title: "relatch",
  description: "The session SDK for the browser: refresh by cookie, retry on 401, one refresh for every tab",
  base: process.env["RELATCH_GUIDE_BASE"] ?? "/",
  srcDir: join(work, "pages"),
  outDir: join(work, "site"),
  cacheDir: join(work, "cache"),
  cleanUrls: false,
  lastUpdated: false,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `${process.env["RELATCH_GUIDE_BASE"] ?? "/"}icon.svg` }]],
  // rustdoc's pages are put beside the site's afterwards; `check.mjs` follows the links to them.
  ignoreDeadLinks: [/^\/rust\//, /^http:\/\/localhost/],
  markdown: {
    anchor: { slugify: slug },
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config(md) {
      // A long name in a table's cell may break where a reader would break it.
      const render = md.renderer.rules.code_inline!;
      md.renderer.rules.code_inline = (...given) =>
        render(...given).replace(/>([^<]*)</, (_, text: string) => `>${text.replace(/[_/](?=\w)/g, "$&<wbr>")}<`);
    },
  },
  vite: { publicDir: join(work, "pages/public"), build: { chunkSizeWarningLimit: 4000 }, logLevel: "warn" },
  locales: {
    root: { label: "English", lang: "en" },
    ko: {
      label: "한국어",
      lang: "ko",
      description: "브라우저 세션 SDK: 쿠키 기반 갱신, 401 재시도, 탭 전체에서 한 번의 갱신",
      themeConfig: {
        nav: [{ text: "가이드(영문)", link: "/start/react" }],
        sidebar: [{ text: "한국어", items: [{ text: "NextAuth에서 옮겨오기", link: "/ko/" }] }],
        outline: { label: "이 페이지", level: [2, 3] },
        darkModeSwitchLabel: "다크 모드",
        sidebarMenuLabel: "메뉴",
        returnToTopLabel: "맨 위로",
        langMenuLabel: "언어",
      },
    },
  },
  themeConfig: {
    logo: "/icon.svg",
    i18nRouting: false,
    externalLinkIcon: true,
    search: { provider: "local", options: { detailedView: true, locales: { ko: { translations: koreanSearch } } } },
    nav: [
      { text: "Start", link: "/start/react", activeMatch: "/start/" },
      { text: "How it works", link: "/how-it-works" },
      ...(has("troubleshooting") ? [{ text: "Troubleshooting", link: "/troubleshooting" }] : []),
      { text: "Reference", items: [...api, { text: "The crate (rustdoc)", link: "/rust/relatch/index.html", target: "_self" }] },
    ],
    sidebar,
    outline: { level: [2, 3] },
    footer: { message: "MIT or Apache-2.0, at your choice." },
  },
});
