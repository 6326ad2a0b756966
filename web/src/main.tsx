import { render } from "preact";
import { App } from "./app";
import { interceptLinks } from "./state/router";
import { restore } from "./state/session";
import { applyTheme } from "./state/theme";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/pages.css";

applyTheme();
interceptLinks();
render(<App />, document.getElementById("app")!);
void restore();
