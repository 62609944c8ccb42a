// The menu of a dashboard's toolbar: what is wanted now and then, also of a dashboard that cannot be changed.
import { canFillScreen, fillScreen } from "./full_screen.js";
import { menu } from "./menu.js";

export function moreMenu({ printing }) {
  return menu({
    id: "more",
    label: "More",
    items: [
      { label: "Print or save as PDF", icon: "print", act: () => void printing.print() },
      canFillScreen && { label: "Full screen", icon: "full", act: () => void fillScreen(document.documentElement) },
    ],
  });
}
