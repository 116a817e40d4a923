package language

import "maps"

// The words of the catalog, which are those of the page (ui/web/src/texts/zh.ts):
//
//	job 作业    definition 定义    revision 版本    schedule 计划    slot 计划时刻
//	run 运行    attempt 尝试      task 任务        retry 重试       backfill 补跑
//	parent 父作业    child 子作业    trigger 触发表达式    success 成功    failure 失败
//	pause, disable 暂停    resume 恢复    skip 跳过    miss 错过    kill 终止    cancel 取消    lose 丢失
//	agent 代理节点    offer 资源邀约    leader 主节点    Mesos master（不译）    sandbox 沙箱
//	token 令牌    role 角色    filter 筛选    body 请求体    body's field 字段
//
// Names of fields, values that are written as they are (queue, RW), texts that
// somebody wrote, units and standards are not translated. A blank stands between
// Chinese characters and Latin letters or digits.

// chinese has for each message of hora its Chinese. Its parts are by what speaks.
var chinese = merged(definitionChinese, scheduleChinese, schedulerChinese, keptChinese, apiChinese, accessChinese, spreadChinese)

func merged(tables ...map[string]string) map[string]string {
	all := make(map[string]string)
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}
