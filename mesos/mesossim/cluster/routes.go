package cluster

import "net/http"

func (h *handler) masterRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/scheduler", h.scheduler)
	mux.HandleFunc("/master/api/v1/scheduler", h.scheduler)
	return mux
}

func (h *handler) agentRoutes(index int) http.Handler {
	mux := http.NewServeMux()
	return mux
}
