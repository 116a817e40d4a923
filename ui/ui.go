// Package ui is hora's page for the browser: files that are embedded in the
// binary, and a handler that serves them. The page is a client of the HTTP API
// and knows nothing else of hora. Its sources are in web; `make ui` builds them
// into dist.
package ui

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed dist
var files embed.FS

// policy allows the page nothing but its own files and the API it came from.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// forever is for files whose names tell their content.
const forever = "public, max-age=31536000, immutable"

// page is one file, and the same compressed once somebody asks for it.
type page struct {
	body []byte
	kind string
	zip  func() []byte
}

// Handler serves the page at / and its files below /assets/.
func Handler() http.Handler {
	all := make(map[string]*page)
	err := fs.WalkDir(files, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		all[strings.TrimPrefix(name, "dist")] = newPage(name, body)
		return nil
	})
	if err != nil || all["/index.html"] == nil {
		panic("ui: the embedded files are gone; `make ui` makes them")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		name := r.URL.Path
		if name == "/" {
			name = "/index.html"
		}
		p := all[name]
		if p == nil {
			http.NotFound(w, r)
			return
		}
		if hashed(name) {
			h.Set("Cache-Control", forever)
		}
		p.serve(w, r)
	})
}

func newPage(name string, body []byte) *page {
	p := &page{body: body, kind: mime.TypeByExtension(path.Ext(name))}
	if path.Ext(name) == ".js" {
		p.kind = "text/javascript; charset=utf-8" // whatever the machine's table says
	}
	p.zip = sync.OnceValue(func() []byte {
		var buf bytes.Buffer
		z, _ := gzip.NewWriterLevel(&buf, gzip.BestCompression) // the level is valid
		_, _ = z.Write(body)                                    // a buffer takes everything
		_ = z.Close()
		return buf.Bytes()
	})
	return p
}

// hashed tells whether the name of a file ends with a hash of its content, as
// Vite writes it: name-12345678.js.
func hashed(name string) bool {
	base := strings.TrimSuffix(path.Base(name), path.Ext(name))
	const hash = 9 // with its dash
	return len(base) > hash && base[len(base)-hash] == '-'
}

func (p *page) serve(w http.ResponseWriter, r *http.Request) {
	h, body := w.Header(), p.body
	h.Set("Content-Type", p.kind)
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = p.zip()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client has gone
	}
}
