// src/main.tsx
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Board } from "./Board";
import { Charts } from "./Charts";

const [, kind, address = "sales"] = window.location.pathname.split("/");

createRoot(document.getElementById("root")!).render(
  <StrictMode>{kind === "board" ? <Board address={address} /> : <Charts address={address} />}</StrictMode>,
);
