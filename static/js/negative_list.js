// Movements that are none of the actions: switched off and on.
import { EnabledSwitch } from "./enabled_switch.js";

for (const card of document.querySelectorAll("[data-switched]")) new EnabledSwitch(card);
