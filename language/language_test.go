package language

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
	"unicode"

	"pgregory.net/rapid"

	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/schedule"
)

func TestPreferred(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]Language{
		"":                          English,
		"*":                         English,
		"en":                        English,
		"zh":                        Chinese,
		"zh-CN,zh;q=0.9,en;q=0.8":   Chinese,
		"zh-Hans":                   Chinese,
		"ZH-cn":                     Chinese,
		"en-GB,zh;q=0.5":            English,
		"de-DE,zh;q=0.5":            Chinese,
		"de":                        English,
		"zh;q=0":                    English,
		"zh;q=0.1,en":               English,
		"not a header;;;=":          English,
		strings.Repeat("zh,", 1000): English,
	} {
		if got := Preferred(header); got != want {
			t.Errorf("%.40q: %v, want %v", header, got, want)
		}
	}
}

func TestSay(t *testing.T) {
	t.Parallel()
	missing := message.Errorf("job not found")
	_, pattern := regexp.Compile(strings.Repeat("a(", 1)) // else staticcheck reads it
	bad := json.Unmarshal([]byte(`{"a" 1}`), new(any))
	for _, tt := range []struct {
		said    any
		english string
		chinese string
	}{
		{message.Errorf("%w: %q", missing, "a"), `job not found: "a"`, `作业不存在："a"`},
		{fmt.Errorf("others: %w", missing), "others: job not found", "作业不存在"},
		{message.Of("it wants an offer: %v", message.Of("no offer has come yet%v", message.Message{})), "it wants an offer: no offer has come yet", "等待资源邀约：尚未收到资源邀约"},
		{message.Of("%s depends on %v alone", "c", message.Names{"a", "b"}), "c depends on a, b alone", "c 将只依赖 a、b"},
		{message.Of("the job is disabled: %s", message.Text("3 failures since the last success")), "the job is disabled: 3 failures since the last success", "作业已暂停：上次成功后失败了 3 次"},
		{message.Text("we move the database"), "we move the database", "we move the database"},
		{message.Text("Command exited with status 3"), "Command exited with status 3", "命令的退出码为 3"},
		{message.Text("the job was disabled: its parent \"a\" was deleted, and no other is left"), "the job was disabled: its parent \"a\" was deleted, and no other is left", "作业已暂停：父作业 \"a\" 已被删除，没有其他父作业"},
		{message.Errorf("value %q is not a regular expression (RE2 syntax): %v", "a(", pattern), "value \"a(\" is not a regular expression (RE2 syntax): error parsing regexp: missing closing ): `a(`", `值 "a(" 不是正则表达式（RE2 语法）：缺少 )："a("`},
		{message.Errorf("the body is not JSON: %v", bad), "the body is not JSON: invalid character '1' after object key", "请求体不是 JSON：对象的键之后有无效字符 '1'"},
		{io.EOF, "EOF", "EOF"},
		{message.Message{}, "", ""},
		{message.Text(""), "", ""},
	} {
		if got := English.Say(tt.said); got != tt.english {
			t.Errorf("in English %q, want %q", got, tt.english)
		}
		if got := Chinese.Say(tt.said); got != tt.chinese {
			t.Errorf("in Chinese %q, want %q", got, tt.chinese)
		}
	}
}

// TestRecall: what is kept in English is recognised, whatever stands in it.
func TestRecall(t *testing.T) {
	t.Parallel()
	formats := slices.Sorted(maps.Keys(keptChinese))
	rapid.Check(t, func(t *rapid.T) {
		format := rapid.SampledFrom(formats).Draw(t, "format")
		var args []any
		for n, v := range verbsOf(format) {
			for len(args) < n {
				args = append(args, nil)
			}
			switch v {
			case "d":
				args[n-1] = rapid.Int().Draw(t, "number")
			default:
				args[n-1] = rapid.StringMatching(`[a-z0-9_.#-]{1,10}`).Draw(t, "text")
			}
		}
		m := message.Message{Format: format, Args: args}
		if got, want := Chinese.Say(message.Text(m.String())), Chinese.Say(m); got != want {
			t.Errorf("%q is recalled as %q, want %q", m, got, want)
		}
	})
}

// TestPatterns: each mistake in a regular expression has its Chinese.
func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"(", ")", "[", "[z-a]", "[[:no:]]", `\`, `\8`, "*", "a**", "(?i", "(?P<n", "a{1001}", "\xff", strings.Repeat("(", 1001) + strings.Repeat(")", 1001), "((a{100}){100}){100}"} {
		_, err := regexp.Compile(bad)
		var mistake *syntax.Error
		if !errors.As(err, &mistake) {
			t.Errorf("%q is right", bad)
			continue
		}
		if got := Chinese.Say(err); !strings.Contains(got, "：") {
			t.Errorf("%q: %q has no Chinese: %q", bad, mistake.Code, got)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"*/5 * * * *":                     "每 5 分钟",
		"* * * * *":                       "每分钟",
		"*/10 * * * * *":                  "每 10 秒",
		"30 2 * * *":                      "每天 02:30",
		"30 2,14 * * 1-5":                 "每周一至周五 02:30、14:30",
		"0 */6 * * *":                     "每 6 小时（第 0 分）",
		"15 * * * *":                      "每小时第 15 分",
		"*/15 9-17 * * MON":               "每周一 09 至 17 点，每 15 分钟",
		"0 0 1,15 * *":                    "每月 1、15 日 00:00",
		"0 0 13 * FRI":                    "每月 13 日或每周五 00:00",
		"0 0 */10 * MON":                  "每月 1、11、21、31 日（须为周一）00:00",
		"@yearly":                         "每年 1 月 1 日 00:00",
		"0 0 1 1-3,12 *":                  "每年 1 月至 3 月、12 月的 1 日 00:00",
		"0 8 * 6 1,3":                     "6 月的每周一、周三 08:00",
		"0 8 * 6,7 *":                     "6 月、7 月每天 08:00",
		"*/5 * * 6 *":                     "6 月，每 5 分钟",
		"@every 90s":                      "每 90s",
		"5,20,35 * * * *":                 "每小时第 5、20、35 分",
		"7 5-9 * * * *":                   "每小时第 5 至 9 分的第 7 秒",
		"5 30 2 * * *":                    "每天 02:30:05",
		"R/2030-01-01T02:00:00Z/P1D":      "每天，从 2030-01-01 02:00:00（周二，UTC）起",
		"R5/2030-01-01T02:00:00Z/PT1H30M": "每 1 小时 30 分钟，共 5 次，从 2030-01-01 02:00:00（周二，UTC）起",
		"R1/2030-01-01T02:00:00Z/PT24H":   "仅一次：2030-01-01 02:00:00（周二，UTC）",
		"R0/2030-01-01T02:00:00Z/PT24H":   "从不",
		"R/2030-01-01T02:00:00Z/PT2.5S":   "每 2.5 秒，从 2030-01-01 02:00:00（周二，UTC）起",
		"R/2030-01-01T02:00:00Z/P2M":      "每 2 个月，从 2030-01-01 02:00:00（周二，UTC）起",
	} {
		s, err := schedule.Parse(text, schedule.Options{Anchor: time.Unix(0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		if got := Chinese.Say(s.Words()); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	s, err := schedule.Parse("30 2 * * *", schedule.Options{Zone: "Asia/Shanghai"})
	if got := Chinese.Say(s.Words()); err != nil || got != "每天 02:30（Asia/Shanghai 时间）" {
		t.Errorf("%q %v", got, err)
	}
}

// TestWordsAreTotal: every schedule has words in every language, in Chinese
// without an English one, and schedules with different words in one language
// have different ones in the other.
func TestWordsAreTotal(t *testing.T) {
	t.Parallel()
	field := func(low, high int) *rapid.Generator[string] {
		one := rapid.Custom(func(t *rapid.T) string {
			a := rapid.IntRange(low, high).Draw(t, "from")
			switch rapid.IntRange(0, 4).Draw(t, "form") {
			case 0:
				return "*"
			case 1:
				return fmt.Sprintf("*/%d", rapid.IntRange(1, high).Draw(t, "step"))
			case 2:
				return fmt.Sprintf("%d-%d", a, rapid.IntRange(a, high).Draw(t, "to"))
			}
			return fmt.Sprint(a)
		})
		return rapid.Map(rapid.SliceOfN(one, 1, 3), func(items []string) string { return strings.Join(items, ",") })
	}
	cron := rapid.Custom(func(t *rapid.T) string {
		fields := []string{
			field(0, 59).Draw(t, "second"), field(0, 59).Draw(t, "minute"), field(0, 23).Draw(t, "hour"), field(1, 28).Draw(t, "day"), field(1, 12).Draw(t, "month"), field(0, 6).Draw(t, "weekday"),
		}
		return strings.Join(fields[rapid.IntRange(0, 1).Draw(t, "without seconds"):], " ")
	})
	interval := rapid.Custom(func(t *rapid.T) string {
		n := rapid.SampledFrom([]string{"", "0", "1", "2", "100"}).Draw(t, "repetitions")
		return fmt.Sprintf("R%s/2030-%02d-11T00:00:00Z/P%dY%dM%dW%dDT%dH%dM%dS", n, rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(0, 2).Draw(t, "years"), rapid.IntRange(0, 2).Draw(t, "months"),
			rapid.IntRange(0, 2).Draw(t, "weeks"), rapid.IntRange(0, 2).Draw(t, "days"), rapid.IntRange(0, 2).Draw(t, "hours"), rapid.IntRange(0, 2).Draw(t, "minutes"), rapid.IntRange(1, 2).Draw(t, "seconds"))
	})
	english := make(map[string]string) // by Chinese
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(cron, interval).Draw(t, "schedule")
		s, err := schedule.Parse(text, schedule.Options{Anchor: time.Unix(0, 0)})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		en, zh := English.Say(s.Words()), Chinese.Say(s.Words())
		if en == "" || zh == "" || strings.Contains(en+zh, "%!") || strings.Contains(en+zh, "  ") {
			t.Fatalf("%s: %q, %q", text, en, zh)
		}
		if letters := strings.Trim(strings.ReplaceAll(zh, "UTC", ""), ""); strings.IndexFunc(letters, func(r rune) bool { return r < unicode.MaxASCII && unicode.IsLetter(r) }) >= 0 {
			t.Fatalf("%s: %q is not all Chinese", text, zh)
		}
		if other, there := english[zh]; there && other != en {
			t.Fatalf("%q stands for %q and for %q", zh, en, other)
		}
		english[zh] = en
	})
}
