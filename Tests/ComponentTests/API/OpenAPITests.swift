import CloudEvents
import Foundation
import HTTPTypes
import Ports
import Testing

@testable import API

@Suite("The API's description")
struct OpenAPITests {
    @Test("Every open route is described, once, and nothing else is")
    func complete() async throws {
        let bench = try await AccessBench()
        let open = bench.api.routes.filter { route in
            !bench.api.closedRoutes.contains { $0.method == route.method && $0.path == route.path }
        }
        let routes = open.map { "\($0.method.rawValue) \($0.path)" }
        #expect(API.operations.map(\.key).sorted() == routes.sorted())
    }

    /// What is only here has paths of its own.
    @Test("The page on compatibility lists every route that Keptn has, and none that is not there")
    func compatibilityPage() async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let page = try String(contentsOf: root.appending(path: "docs/compatibility.md"), encoding: .utf8)
        let cells = page.split(separator: "\n").map {
            $0.split(separator: "|").map { $0.filter { $0 != " " && $0 != "`" } }
        }
        let listed = cells.filter { $0.count == 3 && $0[1].hasPrefix("/") && !$0[0].contains("/") }.flatMap { row in
            row[0].split(separator: ",").map { "\($0) /api\(row[1])" }
        }
        #expect(listed.count == Set(listed).count)
        let routes = API.operations.map(\.key)
        #expect(Set(listed).subtracting(routes) == [])
        let areas = ["controlPlane", "mongodb-datastore", "resource-service", "secrets", "statistics"].map {
            " /api/\($0)/"
        }
        let ours = ["/approval/", "/dora"]
        let keptns = routes.filter { route in
            areas.contains { route.contains($0) } && !ours.contains { route.contains($0) }
        }
        #expect(Set(keptns).subtracting(listed) == [])
        #expect(listed.count - keptns.count == 5, "auth, metadata, event, import and the page to try them")
    }

    @Test("The document names every operation, with its scopes and the statuses of those that need a token")
    func document() async throws {
        let json = try await AccessBench().api.document().json
        let operations = (json["paths"]?.members ?? []).flatMap { $0.value.members.map(\.value) }
        #expect(operations.count == API.operations.count)
        #expect(Set(operations.map { $0["operationId"]?.stringValue }).count == operations.count)
        let create = try #require(json["paths", "/api/controlPlane/v1/project", "post"])
        #expect(create["description"]?.stringValue?.contains("projects:write") == true)
        #expect(create["responses", "401"] != nil && create["responses", "409"] != nil)
        let answer = json["paths", "/api/v1/event", "post"]?["responses", "200", "content"]
        #expect(answer?.members.map(\.key) == ["application/json", "application/cloudevents+json"])
        let health = try #require(json["paths", "/healthz", "get"])
        #expect(health["security"] == [] && health["responses", "401"] == nil)
        let file = try #require(json["paths", "/api/resource-service/v1/project/{project}/resource/{uri}", "get"])
        #expect(file["parameters"]?.elements.map { $0["name"] } == ["project", "uri", "gitCommitID"])
    }

    @Test("Every name that is referred to is a shape")
    func references() async throws {
        let json = try await AccessBench().api.document().json
        let names = Set((json["components", "schemas"]?.members ?? []).map(\.key))
        let used = json.text.split(separator: "#/components/schemas/").dropFirst().map { $0.prefix { $0 != "\"" } }
        #expect(Set(used.map(String.init)).subtracting(names).isEmpty)
        #expect(names.count == API.shapes.count)
    }

    @Test(
        "The notation of shapes",
        arguments: [
            ("string", ##"{"type":"string"}"##), ("time", ##"{"type":"string","format":"date-time"}"##),
            ("[Event]", ##"{"type":"array","items":{"$ref":"#/components/schemas/Event"}}"##),
            ("map<integer>", ##"{"type":"object","additionalProperties":{"type":"integer"}}"##),
            ("a|b", ##"{"type":"string","enum":["a","b"]}"##),
            ("string?", ##"{"anyOf":[{"type":"string"},{"type":"null"}]}"##),
            (
                "{a*: string, b: [any]}",
                ##"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"array","items":{}}},"##
                    + ##""required":["a"]}"##
            ), ("{}", ##"{"type":"object","properties":{}}"##),
        ])
    func notation(text: String, schema: String) throws {
        #expect(try Shape.schema(text) == JSON(parsing: schema))
    }

    @Test("What is no shape", arguments: ["text", "[string", "{a string}", "{a: }", "string string", "map<", ""])
    func mistakes(text: String) {
        #expect(throws: Shape.Problem.self) { try Shape.schema(text) }
    }
}
