import { Message } from "./generated/game_generated";
console.log(Message);
