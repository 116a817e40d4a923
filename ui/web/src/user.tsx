// Who is logged in.
import { t } from "./i18n";
import { complain, Menu } from "./parts";
import { logout, useSession } from "./session";

export function User() {
  const { me } = useSession();
  if (!me || me.by === "none") return null; // there is no access control, or nothing is known of it
  return (
    <Menu
      className="user"
      title={t("user", { name: me.name })}
      label={
        <>
          <svg viewBox="0 0 14 14" width="14" height="14" fill="none" stroke="currentColor" strokeWidth="1.6" aria-hidden="true">
            <circle cx="7" cy="4.4" r="2.6" />
            <path d="M1.8 13c.4-3 2.4-4.6 5.2-4.6s4.8 1.6 5.2 4.6" strokeLinecap="round" />
          </svg>
          <span className="name clip">{me.name}</span>
        </>
      }
    >
      <div className="who">
        <b>{me.name}</b>
        <p>
          {t(`role.${me.role}`)} <span className="muted">{t(`role.${me.role}.long`)}</span>
        </p>
        {!me.csrf && <p className="muted">{t("user.notSession")}</p>}
      </div>
      {me.csrf && (
        <button type="button" onClick={() => logout().catch(complain)}>
          {t("logout")}
        </button>
      )}
    </Menu>
  );
}
