package process

import (
	"archive/tar"
	"archive/zip"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// ErrFetch is the cause of every failure to fetch a URI that is not the
// system's.
var ErrFetch = errors.New("cannot fetch")

const fetchTimeout = 5 * time.Minute

// fetch brings a task's URIs into its sandbox, one after another. As the real
// fetcher it gives the same error whatever the cause; the cause is written to
// the task's stderr (OBSERVATIONS 2.18).
func (r *Runner) fetch(container string, spec *mesossim.LaunchSpec) error {
	dir := r.sandbox(container, spec)
	out, errOut, err := openSandbox(dir)
	if err != nil {
		return err
	}
	defer out.Close()
	defer errOut.Close()
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	for i := range spec.Task.Command.URIs {
		uri := &spec.Task.Command.URIs[i]
		if err := fetchOne(ctx, dir, uri); err != nil {
			fmt.Fprintf(errOut, "Failed to fetch '%s': %v\n", uri.Value, err)
			//lint:ignore ST1005 the words of the real agent
			return fmt.Errorf("Failed to fetch all URIs for container '%s' with exit status: 256", container)
		}
	}
	return r.giveTo(spec.User, dir)
}

// giveTo makes a sandbox's content belong to the task's user.
func (r *Runner) giveTo(name, dir string) error {
	cred, err := r.users.credential(name)
	if err != nil || cred == nil {
		return nil // an unknown user is reported by the launch
	}
	return filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(p, int(cred.Uid), int(cred.Gid))
	})
}

func fetchOne(ctx context.Context, dir string, uri *mesos.CommandInfo_URI) error {
	name, err := outputName(uri)
	if err != nil {
		return err
	}
	dest := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
		return err
	}
	if err := download(ctx, uri.Value, dest); err != nil {
		return err
	}
	if uri.GetExecutable() {
		return os.Chmod(dest, 0o755)
	}
	if uri.Extract == nil || *uri.Extract {
		return extract(dest, dir)
	}
	return nil
}

// outputName is where in the sandbox a URI's file goes.
func outputName(uri *mesos.CommandInfo_URI) (string, error) {
	if uri.OutputFile != nil {
		if !filepath.IsLocal(*uri.OutputFile) {
			return "", fmt.Errorf("output_file %q: expected a path inside the sandbox: %w", *uri.OutputFile, ErrFetch)
		}
		return *uri.OutputFile, nil
	}
	name := uri.Value
	if scheme, rest, ok := strings.Cut(name, "://"); ok && scheme != "" {
		name = rest
		if i := strings.IndexAny(name, "?#"); i >= 0 {
			name = name[:i]
		}
	}
	name = path.Base(name)
	if name == "." || name == "/" || name == ".." {
		return "", fmt.Errorf("URI %q has no file name: %w", uri.Value, ErrFetch)
	}
	return name, nil
}

func download(ctx context.Context, uri, dest string) error {
	var src io.ReadCloser
	var err error
	switch {
	case strings.HasPrefix(uri, "http://"), strings.HasPrefix(uri, "https://"):
		src, err = get(ctx, uri)
	case strings.HasPrefix(uri, "file://"):
		src, err = os.Open(strings.TrimPrefix(uri, "file://"))
	case strings.HasPrefix(uri, "/"):
		src, err = os.Open(uri)
	default:
		err = fmt.Errorf("URI %q: expected http, https, file or an absolute path: %w", uri, ErrFetch)
	}
	if err != nil {
		return err
	}
	defer src.Close()
	f, err := os.OpenFile(dest, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, src); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func get(ctx context.Context, uri string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("%s: %w", resp.Status, ErrFetch)
	}
	return resp.Body, nil
}

// extract unpacks an archive beside itself if its name says that it is one.
func extract(file, dir string) error {
	name := strings.ToLower(file)
	has := func(suffixes ...string) bool {
		for _, s := range suffixes {
			if strings.HasSuffix(name, s) {
				return true
			}
		}
		return false
	}
	switch {
	case has(".zip"):
		return unzip(file, dir)
	case has(".tar"):
		return unpack(file, dir, func(r io.Reader) (io.Reader, error) { return r, nil })
	case has(".tgz", ".tar.gz"):
		return unpack(file, dir, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
	case has(".tbz2", ".tar.bz2"):
		return unpack(file, dir, func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil })
	case has(".txz", ".tar.xz"):
		return fmt.Errorf("%s: xz archives are not supported: %w", filepath.Base(file), ErrFetch)
	case has(".gz"):
		return gunzip(file, strings.TrimSuffix(file, filepath.Ext(file)))
	}
	return nil
}

func gunzip(file, dest string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	return write(dest, r, 0o644)
}

func unpack(file, dir string, decompress func(io.Reader) (io.Reader, error)) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := decompress(f)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unpackEntry(root, archive, h); err != nil {
			return err
		}
	}
}

// unpackEntry writes one entry; os.Root keeps it inside the sandbox.
func unpackEntry(root *os.Root, r io.Reader, h *tar.Header) error {
	name := filepath.Clean(h.Name)
	mode := os.FileMode(h.Mode).Perm()
	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, mode|0o700)
	case tar.TypeSymlink:
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return root.Symlink(h.Linkname, name)
	case tar.TypeReg:
		return writeIn(root, name, r, mode)
	}
	return nil
}

func writeIn(root *os.Root, name string, r io.Reader, mode os.FileMode) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func write(dest string, r io.Reader, mode os.FileMode) error {
	f, err := os.OpenFile(dest, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func unzip(file, dir string) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer z.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range z.File {
		name := filepath.Clean(f.Name)
		if f.FileInfo().IsDir() {
			if err := root.MkdirAll(name, 0o755); err != nil {
				return err
			}
			continue
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		err = writeIn(root, name, r, f.Mode().Perm())
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
