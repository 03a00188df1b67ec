import CloudEvents
import Testing

/// Keptn's own test cases of these names (K §6.5), against the built server over HTTP.
@Suite("Upstream: resources", .timeLimit(.minutes(5)))
struct ResourceTests {
    private static let shipyard = """
        apiVersion: spec.keptn.sh/0.2.2
        kind: Shipyard
        metadata: {name: shop}
        spec:
          stages:
          - {name: dev, sequences: [{name: delivery, tasks: [{name: deployment}]}]}
          - {name: production, sequences: [{name: delivery, tasks: [{name: deployment}]}]}
        """
    private static let root = "/resource-service/v1/project"
    private static let cart = root + "/shop/stage/dev/service/cart/resource"

    /// Projects, stages and services come by the API of the shipyard controller: those of the resource service are
    /// closed to the outside.
    @Test("Test_ResourceServiceBasic")
    func basic() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let server = project.server
            for closed in ["", "/shop", "/shop/stage", "/shop/stage/dev", "/shop/stage/dev/service"] {
                #expect(try await server.send("POST", Self.root + closed, ["projectName": "x"]).status == 403)
            }
            let again: JSON = ["name": "shop", "shipyard": .string(Base64.encode(Self.shipyard.utf8))]
            #expect(try await server.send("POST", "/controlPlane/v1/project", again).status == 409)
            let service = "/controlPlane/v1/project/shop/service"
            #expect(try await server.send("POST", service, ["serviceName": "cart"]).status == 409)
            #expect(try await server.send("POST", service, ["serviceName": "cart-db"]).status == 200)

            var places = [(path: "/shop", missing: "/non_existing_project")]
            for stage in ["dev", "production"] {
                places.append(("/shop/stage/\(stage)", "/shop/stage/non_existing_stage"))
                for name in ["cart", "cart-db"] {
                    let services = "/shop/stage/\(stage)/service"
                    places.append(("\(services)/\(name)", "\(services)/non_existing_service"))
                }
            }
            for place in places { try await Self.use(server, at: place.path, butNot: place.missing) }
            #expect(try await server.send("DELETE", service + "/cart").status == 200)
            #expect(try await server.send("GET", Self.cart).status == 404)
            #expect(try await server.send("DELETE", "/controlPlane/v1/project/shop").status == 200)
            #expect(try await server.send("GET", Self.root + "/shop/resource").status == 404)
        }
    }

    /// Creates, reads, lists, changes and deletes files at a place.
    private static func use(_ server: ServerOverHTTP, at place: String, butNot missing: String) async throws {
        let folder = root + place + "/resource"
        let file = folder + "/load.jmx"
        let one: JSON = ["resourceURI": "load.jmx", "resourceContent": .string(Base64.encode("<old/>".utf8))]
        let changed = one.setting("resourceContent", to: .string(Base64.encode("<new/>".utf8)))
        let second = one.setting("resourceURI", to: "load_new.jmx")
        func uris() async throws -> [String] {
            let list = try await server.send("GET", folder)
            #expect(list.status == 200)
            let uris = (list.json["resources"]?.elements ?? []).compactMap { $0["resourceURI"]?.stringValue }
            #expect(list.json["totalCount"]?.intValue == uris.count)
            return uris
        }
        let before = try await uris()
        #expect(before.contains("/metadata.yaml"))
        #expect(try await server.send("GET", root + missing + "/resource").status == 404)
        #expect(try await server.send("POST", root + missing + "/resource", ["resources": [one]]).status == 404)

        #expect(try await server.send("POST", folder, ["resources": [one]]).status == 201)
        let read = try await server.send("GET", file)
        #expect(read.status == 200)
        #expect(read.json["resourceURI"] == "load.jmx" && read.json["resourceContent"] == one["resourceContent"])
        #expect(try await uris().count == before.count + 1)
        #expect(try await server.send("PUT", file, changed).status == 200)
        #expect(try await server.send("GET", file).json["resourceContent"] == changed["resourceContent"])
        #expect(try await server.send("PUT", folder, ["resources": [second]]).status == 200)
        #expect(try await Set(uris()).isSuperset(of: ["/load.jmx", "/load_new.jmx"]))

        for (method, path) in [("POST", folder), ("PUT", folder), ("PUT", file)] {
            #expect(try await server.send(method, path, "some really random data").status == 400)
        }
        for path in [file, folder + "/load_new.jmx"] {
            #expect(try await server.send("DELETE", path).status == 200)
            #expect(try await server.send("GET", path).status == 404)
            #expect(try await server.send("DELETE", path).status == 404)
        }
        #expect(try await uris() == before)
    }

    @Test("Test_ResourceServiceGETCommitID")
    func getCommitID() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let server = project.server
            let first = try await Self.store("invalid-content", "slo.yaml", server)
            for query in ["", "?gitCommitID=\(first)"] {
                let read = try await server.send("GET", Self.cart + "/slo.yaml" + query)
                #expect(read.status == 200 && read.json["resourceURI"] == "slo.yaml")
                #expect(read.json["resourceContent"]?.stringValue == Base64.encode("invalid-content".utf8))
                #expect(read.json["metadata", "version"]?.stringValue == first)
            }
            let list = try await server.send("GET", Self.cart).json
            #expect(list["totalCount"] == 2)
            let second = try await Self.store("new-invalid-content", "sli.yaml", server)
            for (query, status) in [("", 200), ("?gitCommitID=\(second)", 200), ("?gitCommitID=\(first)", 404)] {
                let read = try await server.send("GET", Self.cart + "/sli.yaml" + query)
                #expect(read.status == status, "\(query)")
                guard status == 200 else { continue }
                #expect(read.json["resourceContent"]?.stringValue == Base64.encode("new-invalid-content".utf8))
            }
        }
    }

    @Test("Test_EvaluationGitCommitID")
    func evaluationGitCommitID() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard, arguments: ["--sli-provider", "my-sli-provider"]) {
            project in
            let commit = try await Self.store(Self.slo, "slo.yaml", project.server)
            #expect(try await Self.evaluate(at: commit, project)["result"] == "pass")
            _ = try await Self.store("gitCommitIDSLO", "slo.yaml", project.server)
            let pinned = try await Self.evaluate(at: commit, project)
            #expect(pinned["result"] == "pass" && pinned["status"] == "succeeded")
        }
    }

    private static let slo = """
        spec_version: "0.1.1"
        comparison:
          aggregate_function: avg
          compare_with: single_result
          include_result_with_score: pass
          number_of_comparison_results: 1
        objectives:
        - sli: response_time_p95
          pass: [{criteria: ["<=+75%", "<800"]}]
          warning: [{criteria: ["<=1000", "<=+100%"]}]
        - sli: throughput
          pass: [{criteria: ["<=+100%", ">=-80%"]}]
        - sli: error_rate
        total_score: {pass: 90%, warning: 75%}
        """

    /// Evaluates, answers for the SLI provider, and gives the data of the end.
    private static func evaluate(at commit: String, _ project: ProjectUnderTest) async throws -> JSON {
        let path = "/controlPlane/v1/project/shop/stage/dev/service/cart/evaluation"
        let body: JSON = [
            "start": "2022-01-26T10:05:53.931Z", "end": "2022-01-26T10:10:53.931Z", "gitcommitid": .string(commit),
        ]
        let context = try #require(
            try await project.server.send("POST", path, body).json["keptnContext"]?.stringValue)
        for task in ["evaluation", "get-sli"] {
            #expect(try await project.task(task, of: context)["gitcommitid"]?.stringValue == commit, "\(task)")
        }
        let request = try await project.task("get-sli", of: context)
        try await project.start(request)
        let values = [("response_time_p95", 200), ("throughput", 200), ("error_rate", 0)]
        let indicators = values.map { ["metric": .string($0), "value": .integer($1), "success": true] as JSON }
        try await project.finish(request, data: ["get-sli": ["indicatorValues": .array(indicators)]])
        try await project.becomes("finished", context)
        return try #require(try await project.latest("dev.evaluation.finished", of: context)?["data"])
    }

    /// Stores a file of the service and gives its commit.
    private static func store(_ text: String, _ name: String, _ server: ServerOverHTTP) async throws -> String {
        let file: JSON = ["resourceURI": .string(name), "resourceContent": .string(Base64.encode(text.utf8))]
        let stored = try await server.send("POST", cart, ["resources": [file]])
        try #require(stored.status == 201, "\(stored.json)")
        return try #require(stored.json["commitID"]?.stringValue)
    }
}
