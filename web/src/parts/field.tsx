import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import type { GameVariable } from "../api/types";
import { sentence } from "../words/format";
import { MASK, isOn, labelOf, spellSwitch, widgetOf } from "../forms/variables";

/** Form fields: a label, a hint and an error that assistive technology ties to the input. */

export interface FieldProps {
  label: string;
  name: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  error?: string | undefined;
  required?: boolean;
  disabled?: boolean;
}

interface Ties {
  id: string;
  name: string;
  required: boolean;
  disabled: boolean;
  "aria-invalid": boolean;
  "aria-describedby"?: string;
}

function Frame(props: FieldProps & { children: (ties: Ties) => ComponentChildren }) {
  const id = useId();
  const described = [props.hint ? `${id}-hint` : "", props.error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div class={`field ${props.error ? "invalid" : ""}`} data-field={props.name}>
      <label for={id}>
        {props.label}
        {props.required && <span class="required">required</span>}
      </label>
      {props.children({
        id, name: props.name, required: props.required ?? false, disabled: props.disabled ?? false, "aria-invalid": Boolean(props.error),
        ...(described && { "aria-describedby": described }),
      })}
      {props.error && (
        <p class="field-error" id={`${id}-error`}>
          {sentence(props.error)}
        </p>
      )}
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
    </div>
  );
}

type InputMode = "text" | "numeric" | "decimal";

export function TextField(props: FieldProps & { placeholder?: string; mode?: InputMode; list?: string[]; max?: number }) {
  return (
    <Frame {...props}>
      {(ties) => (
        <input
          {...ties} type="text" inputMode={props.mode ?? "text"} value={props.value} placeholder={props.placeholder ?? ""} autocomplete="off"
          spellcheck={false} {...(props.max && { maxLength: props.max })} onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Frame>
  );
}

export function AreaField(props: FieldProps & { rows?: number; placeholder?: string; code?: boolean }) {
  return (
    <Frame {...props}>
      {(ties) => (
        <textarea
          {...ties} rows={props.rows ?? 3} class={props.code ? "code" : ""} value={props.value} placeholder={props.placeholder ?? ""} spellcheck={!props.code}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Frame>
  );
}

export function SecretField(props: FieldProps & { stored?: boolean; autocomplete?: string }) {
  const [shown, setShown] = useState(false);
  const value = props.value === MASK ? "" : props.value;
  return (
    <Frame {...props} required={(props.required ?? false) && !props.stored}>
      {(ties) => (
        <span class="with-button">
          <input
            {...ties} type={(shown ? "text" : "password") as "text"} value={value} placeholder={props.stored ? "Kept as it is" : ""}
            autocomplete={props.autocomplete ?? "new-password"} spellcheck={false} onInput={(event) => props.onInput(event.currentTarget.value)}
          />
          <button type="button" class="quiet" aria-pressed={shown} aria-label={`Show ${props.label}`} onClick={() => setShown(!shown)}>
            {shown ? "Hide" : "Show"}
          </button>
        </span>
      )}
    </Frame>
  );
}

export function SelectField(props: FieldProps & { options: { value: string; text: string; disabled?: boolean }[] }) {
  return (
    <Frame {...props}>
      {(ties) => (
        <select {...ties} value={props.value} onChange={(event) => props.onInput(event.currentTarget.value)}>
          {props.options.map((option) => (
            <option key={option.value} value={option.value} disabled={option.disabled ?? false} selected={option.value === props.value}>
              {option.text}
            </option>
          ))}
        </select>
      )}
    </Frame>
  );
}

export function SwitchField(props: { label: string; name: string; on: boolean; onChange: (on: boolean) => void; hint?: ComponentChildren; error?: string | undefined; disabled?: boolean }) {
  const id = useId();
  return (
    <div class={`field switch-field ${props.error ? "invalid" : ""}`} data-field={props.name}>
      <label for={id}>
        <input
          id={id} name={props.name} type="checkbox" role="switch" checked={props.on} disabled={props.disabled ?? false}
          {...(props.hint && { "aria-describedby": `${id}-hint` })} onChange={(event) => props.onChange(event.currentTarget.checked)}
        />
        <span>{props.label}</span>
      </label>
      {props.error && <p class="field-error">{sentence(props.error)}</p>}
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
    </div>
  );
}

function rangeHint(variable: GameVariable): string {
  const { min, max } = variable;
  if (variable.type !== "number" && variable.type !== "integer") return "";
  if (typeof min === "number" && typeof max === "number") return `From ${min} to ${max}.`;
  if (typeof min === "number") return `At least ${min}.`;
  return typeof max === "number" ? `At most ${max}.` : "";
}

/** The field a variable of a game calls for. */
export function VariableField(props: { variable: GameVariable; value: string; stored?: boolean; error?: string | undefined; disabled?: boolean; onInput: (value: string) => void }) {
  const { variable } = props;
  const hint = [variable.description, rangeHint(variable)].filter(Boolean).join(" ");
  const common: FieldProps = {
    label: labelOf(variable), name: `variables.${variable.name}`, value: props.value, onInput: props.onInput, hint: hint || undefined, error: props.error,
    required: variable.required ?? false, disabled: props.disabled ?? false,
  };
  switch (widgetOf(variable)) {
    case "choice": {
      const options = variable.choices!.map((choice) => ({ value: choice, text: choice }));
      if (!variable.required || props.value === "") options.unshift({ value: "", text: variable.required ? "Choose…" : "Not set" });
      return <SelectField {...common} options={options} />;
    }
    case "switch":
      return (
        <SwitchField
          label={common.label} name={common.name} on={isOn(variable, props.value)} hint={common.hint} error={common.error} disabled={common.disabled ?? false}
          onChange={(on) => props.onInput(spellSwitch(variable, on))}
        />
      );
    case "secret":
      return <SecretField {...common} stored={props.stored ?? false} />;
    case "number":
      return <TextField {...common} mode={variable.type === "integer" ? "numeric" : "decimal"} />;
    case "lines":
      return <AreaField {...common} rows={3} />;
    default:
      return <TextField {...common} />;
  }
}
