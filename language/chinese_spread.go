package language

// spreadChinese is what is said of moving jobs to other minutes.
var spreadChinese = map[string]string{
	"%w: before %s":                        "%v：应在 %s 之前",
	"%.60q is no run":                      "%.60q 不是运行",
	"it would have had to be done earlier": "本应更早进行",
	"its schedule has no minute that could be a later one":                     "其计划没有可以推后的分钟",
	"its starts are spread by its jitter already":                              "其启动已由 jitter 分散",
	"somebody wants its next slot skipped":                                     "有人要求跳过其下一个时间点",
	"it is due in a moment":                                                    "它即将到期",
	"clocks are changed between its old times and the new ones":                "新旧时间之间有时钟调整",
	"its definition comes from a folder of job files, which would put it back": "其定义来自作业文件夹，会被改回",
	"%d is not from 0 to %d":                                                   "%d 不在 0 到 %d 之间",
	"%q is not from PT1M to PT12H":                                             "%q 不在 PT1M 到 PT12H 之间",
	"has %d jobs, want 1 to %d":                                                "有 %d 个作业，应为 1 到 %d 个",
	"names %q twice":                                                           "两次列出 %q",
	"%d minutes are not from 1 to %d":                                          "%d 分钟不在 1 到 %d 之间",
}
