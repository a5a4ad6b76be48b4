import type { PropsWithChildren } from "react";
import UserButton from "../components/user-button";

export default function RootLayout({ children }: PropsWithChildren) {
  return (
    <html lang="en">
      <body>
        <UserButton />
        <main>{children}</main>
      </body>
    </html>
  );
}
