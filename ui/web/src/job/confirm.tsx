// Asks whether somebody means it.
import type { ReactNode } from "react";
import { t } from "../i18n";
import { Dialog } from "../parts";

interface Props {
  title: string;
  open: boolean;
  close: () => void;
  act: () => void;
  word: string; // what the button says
  bad?: boolean;
  ready?: boolean;
  wide?: boolean;
  children: ReactNode;
}

export function Confirm({ title, open, close, act, word, bad, ready = true, wide, children }: Props) {
  return (
    <Dialog title={title} open={open} close={close} wide={wide}>
      {children}
      <footer>
        <button type="button" onClick={close}>
          {t("cancel")}
        </button>
        <button type="button" className={bad ? "danger" : "primary"} disabled={!ready} onClick={act}>
          {word}
        </button>
      </footer>
    </Dialog>
  );
}
