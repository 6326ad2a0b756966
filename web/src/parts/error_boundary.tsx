import { Component, type ComponentChildren } from "preact";
import { describe } from "../api/client";

/** A page that breaks says so and leaves the rest standing. */
export class ErrorBoundary extends Component<{ children: ComponentChildren }, { broken: unknown }> {
  override state: { broken: unknown } = { broken: null };

  override componentDidCatch(error: unknown): void {
    console.error(error);
    this.setState({ broken: error });
  }

  override render() {
    if (this.state.broken === null) return this.props.children;
    return (
      <div class="panel broken" role="alert">
        <h2>This page ran into a fault</h2>
        <p>Your servers are not affected. The fault: {describe(this.state.broken)}</p>
        <button type="button" onClick={() => this.setState({ broken: null })}>
          Show the page again
        </button>
      </div>
    );
  }
}
