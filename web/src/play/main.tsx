import "./styles/play.css";
import "./styles/lobby.css";
import { Client } from "./client";

const client = new Client(document.getElementById("stage")!, document.getElementById("hud")!);
void client.start();
