// Package ui is hora's page for the browser: files that are embedded in the
// binary, and a handler that serves them. The page is a client of the HTTP API
// and knows nothing else of hora.
package ui

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed static
var files embed.FS

// policy allows the page nothing but its own files and the API it came from.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page at / and its files below /assets/.
func Handler() http.Handler {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic("ui: the embedded files are gone: " + err.Error())
	}
	assets := http.StripPrefix("/assets/", http.FileServerFS(static))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-cache")
		switch {
		case r.URL.Path == "/":
			http.ServeFileFS(w, r, static, "index.html")
		default:
			assets.ServeHTTP(w, r)
		}
	})
}
