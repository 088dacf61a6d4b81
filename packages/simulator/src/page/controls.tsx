import type { JSX } from 'preact';
import {
  faultFields,
  type NumberField,
  type PageSettings,
  presets,
  quotaFields,
  senderFields,
  tellsChoices,
} from './settings.ts';

export interface ControlsProps {
  readonly settings: PageSettings;
  readonly change: (changed: Partial<PageSettings>) => void;
}

/** All settings but the strategies. */
export function Controls({ settings, change }: ControlsProps): JSX.Element {
  return (
    <form class="controls" aria-label="Settings" onSubmit={(event) => event.preventDefault()}>
      <label class="wide">
        Begin with
        <select
          onChange={({ currentTarget }) => {
            const preset = presets.get(currentTarget.value);
            if (preset !== undefined) {
              const { first, second, ...rest } = preset;
              change(rest);
            }
          }}
        >
          {[...presets.keys()].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <Fields legend="Quota" fields={quotaFields} settings={settings} change={change} />
      <Fields legend="Senders" fields={senderFields} settings={settings} change={change} />
      <Fields legend="Trouble" fields={faultFields} settings={settings} change={change}>
        <label>
          Replies tell
          <select
            value={settings.tells}
            onChange={({ currentTarget }) =>
              change({ tells: currentTarget.value as PageSettings['tells'] })
            }
          >
            {tellsChoices.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
      </Fields>
    </form>
  );
}

interface FieldsProps extends ControlsProps {
  readonly legend: string;
  readonly fields: readonly NumberField[];
  readonly children?: JSX.Element;
}

function Fields({ legend, fields, settings, change, children }: FieldsProps): JSX.Element {
  return (
    <fieldset>
      <legend>{legend}</legend>
      {fields.map((field) => (
        <Slider key={field.name} field={field} settings={settings} change={change} />
      ))}
      {children}
    </fieldset>
  );
}

interface SliderProps extends ControlsProps {
  readonly field: NumberField;
}

/** A slider for the hand and a number for the exact value: both are the same setting. */
function Slider({ field, settings, change }: SliderProps): JSX.Element {
  const { name, label, unit, least, most, step } = field;
  const value = settings[name];
  const set = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => {
    const given = currentTarget.valueAsNumber;
    if (given >= least && given <= most) change({ [name]: given });
  };
  const bounds = { min: least, max: most, step };
  return (
    <div class="field">
      <label for={name}>
        {label} <span class="unit">{unit}</span>
      </label>
      <input type="number" id={name} {...bounds} value={value} onChange={set} />
      <input type="range" aria-label={label} {...bounds} value={value} onInput={set} />
    </div>
  );
}
