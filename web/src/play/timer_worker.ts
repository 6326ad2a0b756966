/** Sends back a message after as many milliseconds as it is told. */
addEventListener("message", (event: MessageEvent<number>) => {
  setTimeout(() => (postMessage as (message: unknown) => void)(0), event.data);
});
