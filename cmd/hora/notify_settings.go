package main

import (
	"github.com/hora-scheduler/hora/config"
	"github.com/hora-scheduler/hora/notify"
)

// settings are the same as the flags, for hora serve.
func (f *notifyFlags) settings() []config.Setting {
	const group = "Notifications"
	url := "an http or https URL"
	return []config.Setting{
		{Name: "cluster_name", Group: group, Meaning: "name of the cluster, in front of the subject of each notification", Value: config.Text(&f.cluster)},
		{Name: "notify", Group: group, Default: notify.DefaultRules, Meaning: "who is told of what, of jobs that do not say: EVENTS [to TARGETS][; …], or none", Value: config.Text(&f.rules)},
		{Name: "mail_server", Group: group, Meaning: "SMTP server", Value: config.Some(&f.mail.Server, "HOST:PORT")},
		{Name: "mail_from", Group: group, Meaning: "sender of mails", Value: config.Some(&f.mail.From, "an address")},
		{Name: "mail_user", Group: group, Meaning: "user of the SMTP server", Value: config.Some(&f.mail.User, "a name")},
		{Name: "mail_password", Group: group, Secret: true, Meaning: "password of the SMTP server", Value: config.Text(&f.mail.Password)},
		{Name: "mail_password_file", Group: group, Meaning: "file that holds the password of the SMTP server", Value: config.Some(&f.mailPasswordFile, "the name of a file")},
		{Name: "mail_ssl", Group: group, Default: "false", Meaning: "TLS from the first byte; without it STARTTLS is used where the server offers it", Value: config.Bool(&f.mail.TLS)},
		{Name: "slack_url", Group: group, Secret: true, Meaning: "incoming webhook of Slack", Value: config.Some(&f.slack, url)},
		{Name: "mattermost_url", Group: group, Secret: true, Meaning: "incoming webhook of Mattermost", Value: config.Some(&f.mattermost, url)},
		{Name: "http_notification_url", Group: group, Secret: true, Meaning: "address that each notification is posted to as JSON", Value: config.Some(&f.httpAddress, url)},
		{Name: "http_notification_credentials", Group: group, Secret: true, Meaning: "USER:PASSWORD for that address", Value: config.Some(&f.httpCredentials, "USER:PASSWORD")},
		{Name: "raven_dsn", Group: group, Secret: true, Meaning: "DSN of a Sentry project", Value: config.Some(&f.sentry, "a DSN")},
	}
}
