package cluster

import "net/http"

// control is where faults can be asked for over HTTP.
func (h *handler) control(w http.ResponseWriter, r *http.Request) { notFound(w, r) }
