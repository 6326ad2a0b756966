import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure, Loading } from "./basics";

/** Fetches the code of a heavy part (the terminal, the charts) when it is first shown. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>, what: string): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Later(props: P) {
    const [Part, setPart] = useState<ComponentType<P> | null>(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Part) return;
      load().then(
        (part) => {
          loaded = part;
          setPart(() => part);
        },
        () => setFailed(true),
      );
    }, []);
    if (Part) return <Part {...props} />;
    // After an upgrade the old code is gone from the coordinator: the page itself has to be fetched anew.
    return failed ? <Failure retry={() => location.reload()}>The {what} could not be fetched. Muster may have been upgraded.</Failure> : <Loading what={`Fetching the ${what}`} />;
  };
}
