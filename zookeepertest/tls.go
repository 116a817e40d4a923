package zookeepertest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// StartTLS starts a server for one test that has a second port where
// connections are encrypted, with a certificate for 127.0.0.1 which the pool
// verifies.
func StartTLS(tb testing.TB) (*Server, *x509.CertPool) {
	tb.Helper()
	requireJars(tb)
	store, certificate, err := newCertificate()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "server.pem")
	if err := os.WriteFile(path, store, 0o600); err != nil {
		tb.Fatal(err)
	}
	ports, err := freePorts(1)
	if err != nil {
		tb.Fatal(err)
	}
	s := Start(tb, Config{
		Settings: []string{fmt.Sprintf("secureClientPort=%d", ports[0]), "secureClientPortAddress=127.0.0.1", "ssl.clientAuth=none"},
		Jars:     []string{"netty-codec.jar", "netty-resolver.jar", "netty-transport-native-unix-common.jar"},
		Flags: []string{"-Dzookeeper.serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
			"-Dzookeeper.ssl.keyStore.location=" + path, "-Dzookeeper.ssl.trustStore.location=" + path},
	})
	s.securePort, s.authority = ports[0], path
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return s, pool
}

// SecureAddr is host:port where connections are encrypted.
func (s *Server) SecureAddr() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.securePort))
}

// Authority is the name of a PEM file with the certificate that verifies it.
func (s *Server) Authority() string { return s.authority }

// newCertificate makes a certificate that signs itself. store holds it and its
// key as ZooKeeper reads them.
func newCertificate() (store []byte, certificate *x509.Certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ZooKeeper of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: private})
	_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	certificate, err = x509.ParseCertificate(der)
	return b.Bytes(), certificate, err
}
