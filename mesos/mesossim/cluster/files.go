package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/mesos/mesossim/wire"
)

// maxRead is how much one read gives: 16 pages (Mesos contract 5).
const maxRead = 16 * 4096

// files serves the sandboxes of one agent: below root only paths of the form
// slaves/A/frameworks/F/executors/E/runs/C… exist.
type files struct {
	root    string
	profile mesossim.Profile
}

// problem is an answer other than 200.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

func (p *problem) write(w http.ResponseWriter) {
	if p.text == "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		plain(w, p.status, "")
		return
	}
	plain(w, p.status, p.text+".\n")
}

var notThere = problem{http.StatusNotFound, ""}

// place is a path inside a sandbox: its directory, and the rest of the path.
type place struct{ dir, rest string }

// resolve finds the sandbox that a path asks for.
func (f *files) resolve(p string) (place, *problem) {
	if strings.Contains("/"+p+"/", "/../") {
		return place{}, &problem{http.StatusBadRequest, fmt.Sprintf("'%s' is inaccessible", p)}
	}
	p = path.Clean("/" + p)
	base := f.root
	rest, ok := strings.CutPrefix(p, f.root+"/")
	switch {
	case ok:
	case f.profile >= 5 && strings.HasPrefix(p, "/frameworks/"):
		// The virtual path needs neither work directory nor agent (1.5 and later).
		found, _ := filepath.Glob(filepath.Join(f.root, "slaves", "*"))
		if len(found) == 0 {
			return place{}, &notThere
		}
		rest = "slaves/" + filepath.Base(newest(found)) + p
	default:
		return place{}, &notThere
	}
	parts := strings.Split(rest, "/")
	if len(parts) < 8 || parts[0] != "slaves" || parts[2] != "frameworks" || parts[4] != "executors" || parts[6] != "runs" {
		return place{}, &notThere
	}
	runs := filepath.Join(append([]string{base}, parts[:7]...)...)
	if parts[7] == "latest" {
		found, _ := filepath.Glob(filepath.Join(escapeGlob(runs), "*"))
		if f.profile < mesossim.Mesos1_4 || len(found) == 0 {
			return place{}, &notThere
		}
		parts[7] = filepath.Base(newest(found))
	}
	return place{filepath.Join(runs, parts[7]), path.Join(append([]string{"."}, parts[8:]...)...)}, nil
}

// escapeGlob makes a path safe as a prefix of a pattern.
func escapeGlob(p string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(p)
}

// newest is the path that was changed last.
func newest(paths []string) string {
	best := paths[0]
	var at int64
	for _, p := range paths {
		if st, err := os.Stat(p); err == nil && st.ModTime().UnixNano() >= at {
			best, at = p, st.ModTime().UnixNano()
		}
	}
	return best
}

// open opens a place without following links out of the sandbox.
func (f *files) open(p string) (*os.File, fs.FileInfo, *problem) {
	at, bad := f.resolve(p)
	if bad != nil {
		return nil, nil, bad
	}
	root, err := os.OpenRoot(at.dir)
	if err != nil {
		return nil, nil, &notThere
	}
	defer root.Close()
	file, err := root.OpenFile(at.rest, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return nil, nil, &problem{http.StatusForbidden, ""}
		}
		return nil, nil, &notThere
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, nil, &notThere
	}
	return file, info, nil
}

// entry describes a file as browse and LIST_FILES do.
type entry struct {
	path     string
	info     fs.FileInfo
	nlink    uint64
	uid, gid string
}

func (f *files) list(p string) ([]entry, *problem) {
	file, info, bad := f.open(p)
	if bad != nil {
		return nil, bad
	}
	defer file.Close()
	if !info.IsDir() {
		return nil, nil
	}
	infos, err := file.Readdir(-1)
	if err != nil {
		return nil, &problem{http.StatusInternalServerError, err.Error()}
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].Name() < infos[j].Name() })
	var out []entry
	for _, i := range infos {
		e := entry{path: path.Join(p, i.Name()), info: i}
		if st, ok := i.Sys().(*syscall.Stat_t); ok {
			e.nlink = uint64(st.Nlink)
			e.uid, e.gid = strconv.Itoa(int(st.Uid)), strconv.Itoa(int(st.Gid))
			if u, err := user.LookupId(e.uid); err == nil {
				e.uid = u.Username
			}
			if g, err := user.LookupGroupId(e.gid); err == nil {
				e.gid = g.Name
			}
		}
		out = append(out, e)
	}
	return out, nil
}

func (f *files) browse(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Query().Get("path")
	if p == "" {
		(&problem{http.StatusBadRequest, "Expecting 'path=value' in query"}).write(w)
		return
	}
	list, bad := f.list(p)
	if bad != nil {
		bad.write(w)
		return
	}
	d := &document{}
	d.array(func() {
		for _, e := range list {
			d.object(func() {
				d.text("gid", e.gid)
				d.text("mode", modeText(e.info.Mode()))
				d.number("mtime", float64(e.info.ModTime().Unix()))
				d.integer("nlink", int64(e.nlink))
				d.text("path", e.path)
				d.integer("size", e.info.Size())
				d.text("uid", e.uid)
			})
		}
	})
	d.write(w, r)
}

// modeText prints a mode as ls does.
func modeText(m fs.FileMode) string {
	kind := "-"
	switch {
	case m.IsDir():
		kind = "d"
	case m&fs.ModeSymlink != 0:
		kind = "l"
	case m&fs.ModeNamedPipe != 0:
		kind = "p"
	case m&fs.ModeSocket != 0:
		kind = "s"
	}
	return kind + m.Perm().String()[1:]
}

func (f *files) read(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p := q.Get("path")
	if p == "" {
		(&problem{http.StatusBadRequest, "Expecting 'path=value' in query"}).write(w)
		return
	}
	offset, bad := parameter(q.Get("offset"), "offset")
	if bad == nil && offset < -1 {
		bad = &problem{http.StatusBadRequest, fmt.Sprintf("Negative offset provided: %d", offset)}
	}
	length, bad2 := parameter(q.Get("length"), "length")
	if bad == nil {
		bad = bad2
	}
	if bad == nil && length < -1 {
		bad = &problem{http.StatusBadRequest, fmt.Sprintf("Negative length provided: %d", length)}
	}
	var data []byte
	var size int64
	if bad == nil {
		data, size, bad = f.part(p, max(offset, 0), length)
	}
	if bad != nil {
		bad.write(w)
		return
	}
	if offset < 0 {
		data, offset = nil, size
	} else if offset > size && f.profile >= 5 {
		offset = size // the recorded version echoes what was asked (OBSERVATIONS 2.15)
	}
	d := &document{}
	d.object(func() {
		d.text("data", string(data))
		d.integer("offset", offset)
	})
	d.write(w, r)
}

// parameter reads a number; absent is -1.
func parameter(text, name string) (int64, *problem) {
	if text == "" {
		return -1, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, &problem{http.StatusBadRequest, fmt.Sprintf("Failed to parse %s: Failed to convert '%s' to number", name, text)}
	}
	return n, nil
}

// part reads a part of a file, at most maxRead; length < 0 means as much as that.
func (f *files) part(p string, offset, length int64) ([]byte, int64, *problem) {
	file, info, bad := f.open(p)
	if bad != nil {
		return nil, 0, bad
	}
	defer file.Close()
	if info.IsDir() {
		return nil, 0, &problem{http.StatusBadRequest, "Cannot read a directory"}
	}
	if length < 0 || length > maxRead {
		length = maxRead
	}
	length = max(0, min(length, info.Size()-offset))
	data := make([]byte, length)
	n, err := file.ReadAt(data, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, &problem{http.StatusInternalServerError, err.Error()}
	}
	return data[:n], info.Size(), nil
}

func (f *files) download(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Query().Get("path")
	if p == "" {
		(&problem{http.StatusBadRequest, "Expecting 'path=value' in query"}).write(w)
		return
	}
	file, info, bad := f.open(p)
	if bad != nil {
		bad.write(w)
		return
	}
	defer file.Close()
	if info.IsDir() {
		(&problem{http.StatusBadRequest, "Cannot download a directory"}).write(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", "attachment; filename="+path.Base(p))
	h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	_, _ = io.CopyN(w, file, info.Size())
}

// operator answers the calls of the v1 operator API that read sandboxes, and
// those that tell of the agent and its containers.
func (a *agentHandler) operator(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		plain(w, http.StatusMethodNotAllowed, "Expecting one of { 'POST' }, but received '"+r.Method+"'")
		return
	}
	var call struct {
		Type string `json:"type"`
		List *struct {
			Path string `json:"path"`
		} `json:"list_files"`
		Read *struct {
			Path   string `json:"path"`
			Offset *int64 `json:"offset"`
			Length *int64 `json:"length"`
		} `json:"read_file"`
	}
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
		plain(w, http.StatusBadRequest, "Failed to parse body into JSON: "+err.Error())
		return
	}
	d := &document{}
	switch {
	case call.Type == "LIST_FILES" && call.List != nil:
		list, bad := a.files.list(call.List.Path)
		if bad != nil {
			bad.write(w)
			return
		}
		d.fileInfos(list)
	case call.Type == "READ_FILE" && call.Read != nil && call.Read.Offset == nil:
		plain(w, http.StatusBadRequest, "Missing required fields: read_file.offset")
		return
	case call.Type == "READ_FILE" && call.Read != nil:
		length := int64(-1)
		if call.Read.Length != nil {
			length = *call.Read.Length
		}
		data, size, bad := a.files.part(call.Read.Path, *call.Read.Offset, length)
		if bad != nil {
			bad.write(w)
			return
		}
		d.fileData(data, size)
	case call.Type == "GET_HEALTH" || call.Type == "GET_VERSION" || call.Type == "GET_CONTAINERS":
		a.tell(d, call.Type)
	default:
		plain(w, http.StatusNotImplemented, "")
		return
	}
	d.write(w, r)
}

func (d *document) fileInfos(list []entry) {
	d.object(func() {
		d.key("list_files")
		d.object(func() {
			if len(list) == 0 {
				return
			}
			d.key("file_infos")
			d.array(func() {
				for _, e := range list {
					d.object(func() {
						d.text("gid", e.gid)
						d.integer("mode", unixMode(e.info))
						d.key("mtime")
						d.object(func() { d.integer("nanoseconds", e.info.ModTime().Unix()*1e9) })
						d.integer("nlink", int64(e.nlink))
						d.text("path", e.path)
						d.integer("size", e.info.Size())
						d.text("uid", e.uid)
					})
				}
			})
		})
		d.text("type", "LIST_FILES")
	})
}

func unixMode(i fs.FileInfo) int64 {
	if st, ok := i.Sys().(*syscall.Stat_t); ok {
		return int64(st.Mode)
	}
	return int64(i.Mode().Perm())
}

func (d *document) fileData(data []byte, size int64) {
	d.object(func() {
		d.key("read_file")
		d.object(func() {
			d.key("data")
			d.out = wire.AppendBytes(d.out, data)
			d.comma = true
			d.integer("size", size)
		})
		d.text("type", "READ_FILE")
	})
}

func appendMessage(out []byte, msg any) []byte { return wire.AppendJSON(out, msg) }
