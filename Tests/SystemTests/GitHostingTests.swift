import CloudEvents
import Foundation
import Ports
import RemoteClients
import Subprocess
import SystemPackage
import Testing

/// Debian's git against the built server.
@Suite("Git over HTTP", .timeLimit(.minutes(5)))
struct GitHostingTests {
    private static let shipyard = """
        apiVersion: spec.keptn.sh/0.2.3
        kind: Shipyard
        metadata: {name: shop}
        spec:
          stages:
          - name: dev
            sequences: [{name: delivery, tasks: [{name: work}]}]
        """

    private static let slo = """
        spec_version: "1.0"
        objectives:
        - sli: response_time_p95
          pass: [{criteria: ["<600"]}]
        total_score: {pass: "90%", warning: "75%"}

        """

    @Test("Clone, push, read through the API, write through the API, pull", arguments: ["0", "2"])
    func bothWays(version: String) async throws {
        try await withShop { shop in
            let protocolVersion = ["-c", "protocol.version=\(version)"]
            let work = try await shop.clone("dev", protocolVersion)
            try work.write("cart/slo.yaml", Self.slo)
            try await work.commit("an SLO")
            try await work.git(protocolVersion + ["push", "--quiet"])
            let head = try await work.git(["rev-parse", "HEAD"]).trimmed
            let read = try await shop.server.send("GET", shop.cart + "/slo.yaml")
            #expect(read.status == 200 && read.json["metadata", "version"]?.stringValue == head, "\(read.json)")
            #expect(read.json["resourceContent"]?.stringValue == Base64.encode(Self.slo.utf8))

            let written = try await shop.server.send(
                "PUT", shop.cart + "/notes.txt", ["resourceContent": .string(Base64.encode("from the API".utf8))])
            let commit = try #require(written.json["commitID"]?.stringValue)
            // What is behind is refused, until it has what came meanwhile.
            try work.write("more.txt", "more")
            try await work.commit("more")
            let refused = try await work.tryGit(protocolVersion + ["push"])
            #expect(refused.code != 0 && refused.errors.contains("fetch first"), "\(refused.errors)")
            try await work.git(protocolVersion + ["pull", "--quiet", "--rebase"])
            #expect(try await work.git(["rev-parse", "HEAD^"]).trimmed == commit)
            #expect(try work.read("cart/notes.txt") == "from the API")
            try await work.git(["push", "--quiet"])
            let list = try await shop.server.send("GET", "/resource-service/v1/project/shop/stage/dev/resource")
            let paths = list.json["resources"]?.elements.compactMap { $0["resourceURI"]?.stringValue }
            #expect(
                paths == ["/cart/metadata.yaml", "/cart/notes.txt", "/cart/slo.yaml", "/metadata.yaml", "/more.txt"])
        }
    }

    @Test("A push that would break the project is refused with file, line and reason, and nothing of it stays")
    func refused() async throws {
        try await withShop { shop in
            let work = try await shop.clone("master")
            let tip = try await work.git(["rev-parse", "HEAD"]).trimmed
            try work.write("shipyard.yaml", Self.shipyard.replacing("tasks: [", with: "tasks: [{nome: x}, "))
            try await work.commit("a bad shipyard")
            let result = try await work.tryGit(["push"])
            #expect(result.code != 0)
            #expect(result.errors.contains("remote: shipyard.yaml:7:"), "\(result.errors)")
            #expect(result.errors.contains("master (1 mistake in its files)"), "\(result.errors)")
            #expect(try await work.git(["ls-remote", "origin", "refs/heads/master"]).hasPrefix(tip))
            let shown = try await shop.server.send("GET", "/controlPlane/v1/project/shop")
            #expect(shown.json["shipyard"]?.stringValue?.contains("nome") == false)

            try await work.git(["reset", "--quiet", "--hard", tip])
            for (arguments, says) in [
                (["push", "origin", "HEAD:refs/heads/feature"], "there is no stage 'feature'"),
                (["push", "origin", "HEAD:refs/tags/v1"], "only branches can be pushed here"),
                (["push", "origin", ":dev"], "a branch goes only with its project"),
                (["push", "--force", "origin", "HEAD:dev"], "branches here only move forward"),
            ] {
                let result = try await work.tryGit(arguments)
                #expect(result.code != 0 && result.errors.contains(says), "\(arguments): \(result.errors)")
            }
            // Names that Git's own checks refuse, and links, which stay but are not shown.
            let blob = try await work.git(["hash-object", "-w", "shipyard.yaml"]).trimmed
            let bad = try await work.git(["mktree"], input: "100644 blob \(blob)\t.git\n").trimmed
            let commit = try await work.git(["commit-tree", bad, "-p", tip, "-m", "x"]).trimmed
            let tricked = try await work.tryGit(["push", "--force", "origin", "\(commit):refs/heads/master"])
            #expect(tricked.code != 0 && tricked.errors.contains("hasDotgit"), "\(tricked.errors)")
            try FileManager.default.createSymbolicLink(
                atPath: work.folder.appending(path: "link").path, withDestinationPath: "/etc/passwd")
            try await work.commit("a link")
            let linked = try await work.tryGit(["push"])
            #expect(linked.code == 0 && linked.errors.contains("remote: 'link' is a link"), "\(linked.errors)")
            let read = try await shop.server.send("GET", "/resource-service/v1/project/shop/resource/link")
            #expect(read.status == 404)
            let fsck = try await work.git(["--git-dir", shop.repository.path, "fsck", "--full", "--strict"])
            #expect(fsck == "")
            let leftovers = try FileManager.default.contentsOfDirectory(
                atPath: shop.repository.deletingLastPathComponent().path)
            #expect(leftovers == ["shop.git"])
        }
    }

    @Test("Only a token that may, may")
    func access() async throws {
        try await withShop { shop in
            for _ in 0..<4 {
                // Who brings no token guesses nothing: Git asks so first, each time.
                let none = try await shop.tryClone(token: nil)
                #expect(none.code != 0 && none.errors.contains("could not read Username"), "\(none.errors)")
            }
            let wrong = try await shop.tryClone(token: "wrong")
            #expect(wrong.code != 0 && wrong.errors.contains("Authentication failed"), "\(wrong.errors)")
            let elsewhere = try await shop.tryClone(token: try await shop.token("write", projects: ["other"]))
            #expect(elsewhere.code != 0 && elsewhere.errors.contains("403"), "\(elsewhere.errors)")
            let metadata = try await shop.tryClone(token: try await shop.token("metadata:read"))
            #expect(metadata.code != 0 && metadata.errors.contains("403"), "\(metadata.errors)")
            let unknown = try await shop.tryClone(project: "nobody")
            #expect(unknown.code != 0 && unknown.errors.contains("not found"), "\(unknown.errors)")

            let reader = try await shop.clone("dev", token: try await shop.token("read", projects: ["shop"]))
            try reader.write("a", "a")
            try await reader.commit("a")
            let refused = try await reader.tryGit(["push"])
            #expect(refused.code != 0 && refused.errors.contains("403"), "\(refused.errors)")
            let writer = try await shop.clone("dev", token: try await shop.token("write", projects: ["shop"]))
            try writer.write("a", "a")
            try await writer.commit("a")
            try await writer.git(["push", "--quiet"])
        }
    }

    @Test("100 MB of bytes that are no text, with a blank in the name, go there and back; also a shallow clone pushes")
    func big() async throws {
        try await withShop { shop in
            let work = try await shop.clone("dev", ["--depth", "1"])
            let bytes = work.folder.appending(path: "big file")
            let made = try await run(
                .name("head"), arguments: ["-c", "100000000", "/dev/urandom"],
                output: .fileDescriptor(
                    try .open(FilePath(bytes.path), .writeOnly, options: .create, permissions: .ownerReadWrite),
                    closeAfterSpawningProcess: true), error: .discarded)
            #expect(made.terminationStatus.isSuccess)
            try await work.commit("big")
            try await work.git(["push", "--quiet"])
            let again = try await shop.clone("dev")
            let hash = try await again.git(["hash-object", "big file"])
            #expect(try await hash == work.git(["hash-object", "big file"]))
        }
    }

    @Test("Writers through the API and pushes at the same time lose nothing of each other")
    func together() async throws {
        try await withShop { shop in
            let work = try await shop.clone("dev")
            async let written: Void = {
                for number in 0..<15 {
                    let answer = try await shop.server.send(
                        "PUT", shop.cart + "/api-\(number)", ["resourceContent": .string(Base64.encode("x".utf8))])
                    #expect(answer.status == 200, "\(answer.json)")
                }
            }()
            for number in 0..<5 {
                try work.write("cart/push-\(number)", "x")
                try await work.commit("\(number)")
                while try await work.tryGit(["push", "--quiet"]).code != 0 {
                    try await work.git(["pull", "--quiet", "--rebase"])
                }
            }
            try await written
            try await work.git(["pull", "--quiet", "--rebase"])
            let files = try await work.git(["ls-files", "cart"]).split(separator: "\n").count
            #expect(files == 1 + 15 + 5)
        }
    }

    @Test("After a migration stages are folders of the default branch, for the API and for Git")
    func migrated() async throws {
        try await withShop { shop in
            let chart = try await run(
                .name("tar"), arguments: ["-cz", "-C", KeptnProcess.checkout.path, "docs"],
                output: .bytes(limit: 1 << 20), error: .discarded
            ).standardOutput
            let written = try await shop.server.send(
                "PUT", shop.cart + "/helm%2Fcart.tgz", ["resourceContent": .string(Base64.encode(chart))])
            #expect(written.status == 200, "\(written.json)")
            let old = try await shop.clone("dev")
            #expect(try old.read("cart/helm/cart/glossary.md").hasPrefix("# Glossary"))

            let changed = try await shop.server.send(
                "PUT", "/controlPlane/v1/project", ["name": "shop", "migrate": true])
            #expect(changed.status == 201, "\(changed.json)")
            let work = try await shop.clone("master")
            #expect(try work.read(".keptn-stages/dev/cart/helm/cart/glossary.md").hasPrefix("# Glossary"))
            try work.write(".keptn-stages/dev/cart/slo.yaml", Self.slo)
            try await work.commit("an SLO")
            try await work.git(["push", "--quiet"])
            let read = try await shop.server.send("GET", shop.cart + "/slo.yaml")
            #expect(read.json["resourceContent"]?.stringValue == Base64.encode(Self.slo.utf8), "\(read.json)")
            let packed = try await shop.server.send("GET", shop.cart + "/helm%2Fcart.tgz")
            #expect(packed.json["resourceContent"]?.stringValue?.hasPrefix("H4sI") == true, "\(packed.status)")

            try work.write("metadata.yaml", "isUsingDirectoryStructure: false\n")
            try await work.commit("back")
            let back = try await work.tryGit(["push"])
            #expect(back.code != 0 && back.errors.contains("changes by a migration only"), "\(back.errors)")
            try old.write("a", "a")
            try await old.commit("a")
            let late = try await old.tryGit(["push"])
            #expect(late.code != 0 && late.errors.contains("there is no stage 'dev'"), "\(late.errors)")
        }
    }

    @Test("A body that is packed with gzip is unpacked; one that only says so is refused")
    func gzip() async throws {
        try await withShop { shop in
            let body: JSON = ["resourceContent": .string(Base64.encode(String(repeating: "a", count: 300_000).utf8))]
            let packed = try await run(
                .name("gzip"), arguments: ["-c"], input: .array(Array(body.bytes)), output: .bytes(limit: 1 << 20),
                error: .discarded
            ).standardOutput
            #expect(try await shop.put("zipped", packed, encoding: "gzip") == 200)
            let read = try await shop.server.send("GET", shop.cart + "/zipped")
            #expect(read.json["resourceContent"] == body["resourceContent"])
            for (bytes, encoding, status) in [
                (Array(body.bytes), "gzip", 400), (Array(packed.dropLast(20)), "gzip", 400), (packed, "br", 415),
            ] {
                #expect(try await shop.put("zipped", bytes, encoding: encoding) == status)
            }
        }
    }
}

extension GitHostingTests {
    private func withShop(_ body: @Sendable @escaping (Shop) async throws -> Void) async throws {
        try await KeptnProcess.withHome { keptn in
            let ended = try await keptn.withServer { keptn in
                let shop = Shop(home: keptn.home, server: try ServerOverHTTP(keptn))
                try await ProjectUnderTest(server: shop.server).create(shipyard: Self.shipyard)
                try await body(shop)
                return .gracefully
            }
            #expect(ended.isSuccess)
        }
    }
}

/// A server with the project `shop`, its stage `dev` and its service `cart`.
private struct Shop: Sendable {
    let home: URL
    let server: ServerOverHTTP

    let cart = "/resource-service/v1/project/shop/stage/dev/service/cart/resource"
    var repository: URL { home.appending(path: "config/shop.git") }

    func token(_ scopes: String, projects: [String]? = nil) async throws -> String {
        let answer = try await server.send(
            "POST", "/v1/tokens",
            [
                "name": .string(UUID().uuidString.lowercased()), "scopes": [.string(scopes)],
                "projects": projects.map { .array($0.map { .string($0) }) },
            ])
        return try #require(answer.json["token"]?.stringValue, "\(answer.json)")
    }

    func put(_ name: String, _ bytes: [UInt8], encoding: String) async throws -> Int {
        try await WebRequester().send(
            .init(
                method: "PUT", url: server.endpoint + cart + "/" + name,
                headers: [
                    "x-token": server.token, "content-type": "application/json", "content-encoding": encoding,
                ], body: bytes, timeout: .seconds(60))
        ).status
    }

    private func url(_ project: String, _ token: String?) -> String {
        let user = token.map { "keptn:\($0)@" } ?? ""
        return server.endpoint.replacing("http://", with: "http://\(user)") + "/git/\(project).git"
    }

    func tryClone(project: String = "shop", token: String?) async throws -> KeptnProcess.CommandResult {
        let work = WorkTree(folder: home.appending(path: UUID().uuidString))
        return try await work.outside(["clone", "--quiet", url(project, token), work.folder.path])
    }

    func tryClone(project: String) async throws -> KeptnProcess.CommandResult {
        try await tryClone(project: project, token: server.token)
    }

    func clone(_ branch: String, _ options: [String] = [], token: String? = nil) async throws -> WorkTree {
        let work = WorkTree(folder: home.appending(path: UUID().uuidString))
        let isGlobal = options.first == "-c"
        let result = try await work.outside(
            (isGlobal ? options : []) + ["clone", "--quiet", "--branch", branch] + (isGlobal ? [] : options)
                + [url("shop", token ?? server.token), work.folder.path])
        try #require(result.code == 0, "\(result.errors)")
        return work
    }
}

private struct WorkTree: Sendable {
    let folder: URL

    func write(_ path: String, _ text: String) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    func read(_ path: String) throws -> String { try String(contentsOf: folder.appending(path: path), encoding: .utf8) }

    func commit(_ message: String) async throws {
        try await git(["add", "--all"])
        try await git(["commit", "--quiet", "--message", message])
    }

    /// What a command prints; it has to succeed.
    @discardableResult
    func git(_ arguments: [String], input: String = "") async throws -> String {
        let result = try await tryGit(arguments, input: input)
        try #require(result.code == 0, "git \(arguments.joined(separator: " ")): \(result.errors)")
        return result.output
    }

    func tryGit(_ arguments: [String], input: String = "") async throws -> KeptnProcess.CommandResult {
        try await outside(["-C", folder.path] + arguments, input: input)
    }

    func outside(_ arguments: [String], input: String = "") async throws -> KeptnProcess.CommandResult {
        let result = try await run(
            .name("git"), arguments: Arguments(arguments),
            environment: .inherit.updating([
                "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C",
                "GIT_AUTHOR_NAME": "somebody", "GIT_AUTHOR_EMAIL": "somebody@example.com",
                "GIT_COMMITTER_NAME": "somebody", "GIT_COMMITTER_EMAIL": "somebody@example.com",
            ]), input: .string(input), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        return .init(
            status: result.terminationStatus, output: result.standardOutput, errors: result.standardError)
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
