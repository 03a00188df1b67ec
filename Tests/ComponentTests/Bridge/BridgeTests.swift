import Bridge
import Foundation
import HTTPServing
import HTTPTypes
import Ports
import Testing

@Suite("The Bridge's files")
struct BridgeTests {
    private func get(_ path: String, _ headers: HTTPFields = [:]) async throws -> APIResponse {
        let match = RouteTable(Bridge().routes).find(.get, path)
        let route = try #require(match.route)
        return try await route.handler(APIRequest(parameters: match.parameters, headers: headers))
    }

    private static let client = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Sources/Bridge/Client")

    private static var files: [String] {
        let all = FileManager.default.enumerator(atPath: client.path)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.contains(".") }.sorted()
    }

    @Test("Every file of the client is served as it is; else scripts/bridge-files has to be run")
    func allFiles() async throws {
        #expect(Self.files.count > 10)
        for path in Self.files {
            let answer = try await get("/bridge/" + path)
            #expect(answer.status == .ok)
            #expect(answer.body == Array(try Data(contentsOf: Self.client.appending(path: path))), "\(path)")
        }
    }

    @Test(
        "Every address of a screen gets the page, a file that is none gets 404",
        arguments: [
            ("/bridge", "text/html; charset=utf-8"), ("/bridge/", "text/html; charset=utf-8"),
            ("/bridge/project/a.js/sequence", "text/html; charset=utf-8"),
            ("/bridge/project/a.js", "text/html; charset=utf-8"), ("/bridge/trace/x", "text/html; charset=utf-8"),
            ("/bridge/app.js", "text/javascript; charset=utf-8"), ("/bridge/style.css", "text/css; charset=utf-8"),
            ("/bridge/icon.svg", "image/svg+xml"), ("/bridge/nothing.js", ""), ("/bridge/screens/nothing.js", ""),
            ("/bridge/../app.js", ""),
        ])
    func addresses(path: String, type: String) async throws {
        let answer = try await get(path)
        guard !type.isEmpty else {
            #expect(answer.status == .notFound)
            return
        }
        #expect(answer.status == .ok && answer.headers[.contentType] == type)
    }

    @Test("Whatever is served is under a policy that lets in nothing from elsewhere and nothing inline")
    func policy() async throws {
        for path in Self.files {
            let headers = try await get("/bridge/" + path).headers
            let policy = try #require(headers[.contentSecurityPolicy])
            #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'"))
            #expect(!policy.contains("unsafe") && !policy.contains("*") && !policy.contains("http"))
            #expect(headers[try #require(HTTPField.Name("x-content-type-options"))] == "nosniff")
            let text = String(decoding: try Data(contentsOf: Self.client.appending(path: path)), as: UTF8.self)
            for banned in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
                #expect(!text.contains(banned), "\(path) has \(banned): what comes from the API would become markup")
            }
        }
    }

    @Test("What the browser has already is not sent again")
    func tags() async throws {
        let first = try await get("/bridge/app.js")
        let tag = try #require(first.headers[.eTag])
        let second = try await get("/bridge/app.js", [.ifNoneMatch: tag])
        #expect(second.status == .notModified && second.body.isEmpty)
        #expect(try await get("/bridge/app.js", [.ifNoneMatch: "\"other\""]).status == .ok)
        #expect(first.headers[.cacheControl] == "no-cache")
    }

    @Test("All of it is under 300 kB, what the dashboard loads first under 100 kB")
    func weight() async throws {
        var sizes: [String: Int] = [:]
        for path in Self.files { sizes[path] = try await get("/bridge/" + path).body.count }
        #expect(sizes.values.reduce(0, +) < 300_000)
        let first = [
            "index.html", "style.css", "screens.css", "icon.svg", "app.js", "api.js", "dom.js", "live.js", "page.js",
            "parts.js", "shell.js", "screens/dashboard.js",
        ]
        #expect(try first.map { try #require(sizes[$0]) }.reduce(0, +) < 100_000)
    }

    @Test("The root leads to the Bridge")
    func root() async throws {
        let answer = try await get("/")
        #expect(answer.status == .found && answer.headers[.location] == "/bridge/")
    }
}
