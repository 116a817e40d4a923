package languagetest

import "testing"

func TestRest(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"作业不存在：\"my nightly load job\"":     "",
		"未知的值 \"x\"，应为 RW、RO":               "",
		"等待 it wants an offer":              "it wants an offer",
		"job not found":                     "job not found",
		"每天 02:30（Asia/Shanghai 时间）":        "",
		"Mesos 拒绝了任务：Out of disk space now": "Out of disk space now",
	} {
		if got := Rest(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
