// Follows the address given with npm's EventSource and prints what happens, a line of JSON each, until it has given up.
import { EventSource } from "../../assets/node_modules/eventsource/dist/index.js";

const tell = (...what) => console.log(JSON.stringify(what));
const source = new EventSource(process.argv[2]);
for (const name of ["message", "gap", "throttled", "gone", "ping"]) {
  source.addEventListener(name, ({ data, lastEventId }) => tell(name, JSON.parse(data), lastEventId));
}
source.onopen = () => tell("open");
source.onerror = () => tell(source.readyState === EventSource.CLOSED ? "closed" : "again");
