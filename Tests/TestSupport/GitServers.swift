import Core
import Foundation
package import Ports
import ProcessRuntime
import Testing

/// Real Git servers on loopback for one test: nginx with git http-backend behind TLS and a password, sshd, and an HTTP
/// proxy with a password; and a bare repository that they serve.
package struct GitServers: Sendable {
    static let programs = [
        "nginx", "fcgiwrap", "sshd", "ssh-keygen", "openssl", "tinyproxy",
    ]
    /// What is not installed; `scripts/install-dependencies --tests` brings it.
    package static let missing = programs.filter { path(of: $0) == nil }

    package let folder: String
    package let httpsPort: Int
    /// The same without TLS.
    package let httpPort: Int
    let sshPort: Int
    let proxyPort: Int
    package let certificate: String
    /// A key with the passphrase `secret`, one without, and one that nobody knows.
    package let ed25519: String
    package let ecdsa: String
    package let stranger: String
    /// By their handles: nginx and sshd write over their environment, by which `LocalProcesses` would find them.
    private var processes: [ProcessHandle] = []

    package var repository: String { "\(folder)/git/sockshop.git" }

    package static func with(_ body: (GitServers) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let processes = LocalProcesses(name: folder, time: MachineTime())
            let servers = try await GitServers(in: folder, processes)
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(servers))
            } catch {
                result = .failure(error)
            }
            for process in servers.processes { await processes.stop(process, grace: .seconds(5)) }
            try result.get()
        }
    }

    private init(in folder: String, _ processes: LocalProcesses) async throws {
        self.folder = folder
        (httpsPort, httpPort) = (try await processes.freePort(), try await processes.freePort())
        (sshPort, proxyPort) = (try await processes.freePort(), try await processes.freePort())
        try FileManager.default.createDirectory(atPath: "\(folder)/git", withIntermediateDirectories: true)
        let repository = "\(folder)/git/sockshop.git"
        _ = try await git(repository, "init", "--quiet", "--bare", "--initial-branch=master", repository)
        _ = try await git(repository, "config", "http.receivepack", "true")

        try await output(
            of: "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-keyout", "\(folder)/key.pem", "-out", "\(folder)/cert.pem",
            ])
        certificate = try String(contentsOfFile: "\(folder)/cert.pem", encoding: .utf8)
        let password = try await output(of: "openssl", ["passwd", "-apr1", "right token"])
        try Data("keptn:\(password)".utf8).write(to: URL(filePath: "\(folder)/htpasswd"))
        let keys = [("ed25519", "secret"), ("ecdsa", ""), ("stranger", "")]
        for (name, passphrase) in keys + [("host", "")] {
            let type = name == "ecdsa" ? "ecdsa" : "ed25519"
            try await output(of: "ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-f", "\(folder)/\(name)"])
        }
        (ed25519, ecdsa, stranger) = (
            try String(contentsOfFile: "\(folder)/ed25519", encoding: .utf8),
            try String(contentsOfFile: "\(folder)/ecdsa", encoding: .utf8),
            try String(contentsOfFile: "\(folder)/stranger", encoding: .utf8)
        )
        try await start(processes)
    }

    private mutating func start(_ runner: LocalProcesses) async throws {
        // As the servers live on, they must not inherit pipes of other tests: that leaves out Foundation's Process.
        func start(_ program: String, _ arguments: String...) async throws -> ProcessHandle {
            try await runner.start(
                ProcessCommand(
                    program: try #require(path(of: program)), arguments: arguments, environment: [:], folder: folder,
                    logFile: "\(folder)/\(program).out"))
        }
        let authorized = try ["ed25519", "ecdsa"].map {
            try String(contentsOfFile: "\(folder)/\($0).pub", encoding: .utf8)
        }
        try write("authorized_keys", authorized.joined())
        try write("nginx.conf", nginx)
        try write("sshd.conf", sshd)
        try write(
            "tinyproxy.conf",
            "Port \(proxyPort)\nListen 127.0.0.1\nAllow 127.0.0.1\nBasicAuth proxy password\nMaxClients 10\n")
        // Debian's sshd wants it, and only the start-up of the machine makes it.
        if getuid() == 0 { mkdir("/run/sshd", 0o755) }
        processes = [
            try await start("fcgiwrap", "-s", "unix:\(folder)/fcgi"),
            try await start("nginx", "-e", "\(folder)/nginx.log", "-c", "\(folder)/nginx.conf"),
            try await start("sshd", "-D", "-f", "\(folder)/sshd.conf", "-E", "\(folder)/sshd.log"),
            try await start("tinyproxy", "-d", "-c", "\(folder)/tinyproxy.conf"),
        ]
        // Tests that are cut off stop nobody: then this one does.
        let watch = "tail --pid=$0 -f /dev/null; kill \"$@\""
        processes.insert(
            try await runner.start(
                ProcessCommand(
                    program: try #require(path(of: "sh")),
                    arguments: ["-c", watch, "\(getpid())"] + processes.map { "\($0.pid)" },
                    environment: ["PATH": "/usr/bin:/bin"], folder: folder, logFile: "\(folder)/watch.out")), at: 0)
        try await eventually("the servers listen") {
            FileManager.default.fileExists(atPath: "\(folder)/fcgi")
                && [httpsPort, httpPort, sshPort, proxyPort].allSatisfy(listens)
        }
    }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    }

    /// What a provisioning service answers (K §2.3.7).
    private var provisioned: String {
        #"{"gitRemoteURL":"\#(http("sockshop"))","gitToken":"right token","gitUser":"keptn"}"#
    }

    private var nginx: String {
        let user = getuid() == 0 ? "user root;" : ""
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/\($0);" }
        return """
            \(user) daemon off; worker_processes 1; pid \(folder)/nginx.pid; error_log \(folder)/nginx.log;
            events {}
            http { access_log off; client_max_body_size 0; \(places.joined(separator: " "))
              server { listen 127.0.0.1:\(httpsPort) ssl; listen 127.0.0.1:\(httpPort);
                ssl_certificate \(folder)/cert.pem; ssl_certificate_key \(folder)/key.pem;
                location /page { return 200 "a page"; }
                location = /repository { return 201 '\(provisioned)'; }
                location /elsewhere { return 301 https://localhost/; }
                location ~ ^/git(/.*)$ {
                  auth_basic "git"; auth_basic_user_file \(folder)/htpasswd;
                  include /etc/nginx/fastcgi_params;
                  fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
                  fastcgi_param GIT_HTTP_EXPORT_ALL ""; fastcgi_param GIT_PROJECT_ROOT \(folder)/git;
                  fastcgi_param PATH_INFO $1; fastcgi_param REMOTE_USER $remote_user;
                  fastcgi_pass unix:\(folder)/fcgi; } } }
            """
    }

    private var sshd: String {
        """
        Port \(sshPort)
        ListenAddress 127.0.0.1
        HostKey \(folder)/host
        AuthorizedKeysFile \(folder)/authorized_keys
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        PermitRootLogin yes
        PidFile none

        """
    }
}

/// How to reach the repositories.
extension GitServers {
    package func http(_ name: String) -> String { "http://127.0.0.1:\(httpPort)/git/\(name).git" }

    package struct HTTPSWay {
        package var path = "git/sockshop.git"
        package var token = "right token"
        package var certificate: String?
        package var isUnverified = false
        package var proxyPassword: String?
    }

    package func https(_ change: (inout HTTPSWay) -> Void = { _ in }) throws -> GitCredentials {
        var way = HTTPSWay(certificate: certificate)
        change(&way)
        var https = GitCredentials.HTTPS(token: way.token)
        https.certificate = way.certificate
        https.insecureSkipTLS = way.isUnverified
        https.proxy = way.proxyPassword.map { .init(url: "127.0.0.1:\(proxyPort)", user: "proxy", password: $0) }
        return try GitCredentials(
            remoteURL: "https://localhost:\(httpsPort)/\(way.path)", user: "keptn", access: .https(https))
    }

    package func ssh(_ key: String, passphrase: String = "", repository: String? = nil) throws -> GitCredentials {
        try GitCredentials(
            remoteURL: "ssh://\(NSUserName())@127.0.0.1:\(sshPort)\(repository ?? self.repository)",
            access: .ssh(.init(privateKey: key, passphrase: passphrase)))
    }
}

private func path(of program: String) -> String? {
    ["/usr/sbin", "/usr/bin", "/usr/local/bin"].map { "\($0)/\(program)" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}

func listens(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
