// Profiles as the providers' documentation shows them.
import assert from "node:assert/strict";
import { it } from "node:test";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { packageFolder } from "../backend.mjs";

const { socialProfile } = await import(pathToFileURL(join(packageFolder, "presets.js")));

const PROFILES = {
  google: { sub: "110169484474386276334", name: "Ada", email: "ada@example.com", picture: "https://g.example/a.png", email_verified: true },
  kakao: {
    id: 123456789,
    kakao_account: { email: "ada@example.com", profile: { nickname: "Ada", profile_image_url: "https://k.example/a.png" } },
  },
  naver: {
    resultcode: "00",
    response: { id: "32742776", name: "Ada", email: "ada@example.com", profile_image: "https://n.example/a.png" },
  },
};

for (const [provider, raw] of Object.entries(PROFILES)) {
  it(`brings a profile of ${provider} into one shape and keeps it as it came`, () => {
    const { id, picture, ...rest } = socialProfile(provider, raw);
    assert.deepEqual(rest, { name: "Ada", email: "ada@example.com", raw });
    assert.match(id, /^\d+$/);
    assert.match(picture, /^https:/);
  });
}

it("leaves null what a user has not consented to", () => {
  const { id, name, email, picture } = socialProfile("kakao", { id: 7, kakao_account: {} });
  assert.deepEqual({ id, name, email, picture }, { id: "7", name: null, email: null, picture: null });
});

it("refuses a profile of another provider", () => {
  assert.throws(() => socialProfile("naver", PROFILES.google), /"response.id"/);
});
