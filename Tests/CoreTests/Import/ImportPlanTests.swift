import CloudEvents
import Core
import KeptnModel
import SpecFiles
import Testing

@Suite("Import packages")
struct ImportPlanTests {
    private static let manifest = """
        apiVersion: v1beta1
        tasks:
        - id: service
          type: api
          action: keptn-api-v1-create-service
          payload: api/service.json
          context:
            name: "carts-[[ .Inputs.project ]]"
        - id: hook
          type: api
          action: keptn-api-v1-uniform-create-webhook-subscription
          payload: api/hook.json
          context:
            service: "[[ .Tasks.service.Context.name ]]"
        - id: file
          type: resource
          resource: hook.yaml
          resourceUri: "hooks/[[.Context.id]].yaml"
          stage: dev
          service: "[[ .Tasks.service.Context.name ]]"
          context:
            id: "[[ .Tasks.hook.Response.id ]]"
        """

    private static let files = [
        "api/service.json": #"{"serviceName":"[[ .Context.name ]]"}"#,
        "api/hook.json": #"{"event":"x","filter":{"services":["[[ .Context.service ]]"]}}"#,
        "hook.yaml": "id: [[ .Context.id ]] {{ .secret.x }}",
    ]

    private func plan(_ manifest: String = manifest, _ files: [String: String] = files) throws -> ImportPlan {
        let read = try SpecFiles.importManifest(Array(manifest.utf8), file: "manifest.yaml").value
        return try ImportPlan(read, files: files.mapValues { Array($0.utf8) }, project: "shop")
    }

    @Test("Templates are filled from inputs, contexts and the answers of earlier tasks")
    func rendering() throws {
        var plan = try plan()
        let tasks = plan.manifest.tasks
        let service = try plan.step(for: tasks[0])
        #expect(service.context == ["name": "carts-shop"])
        #expect(service.work == .api(.createService, body: Array(#"{"serviceName":"carts-shop"}"#.utf8)))
        plan.note(service, of: tasks[0], response: [:])
        let hook = try plan.step(for: tasks[1])
        #expect(hook.context == ["service": "carts-shop"])
        plan.note(hook, of: tasks[1], response: ["id": "h1"])
        let file = try plan.step(for: tasks[2])
        #expect(
            file.work
                == .resource(
                    uri: "hooks/h1.yaml", bytes: Array("id: h1 {{ .secret.x }}".utf8), stage: "dev",
                    service: "carts-shop"))
    }

    @Test("An answer without the wanted value is told when its turn comes")
    func missingResponse() throws {
        var plan = try plan()
        let tasks = plan.manifest.tasks
        plan.note(try plan.step(for: tasks[0]), of: tasks[0], response: [:])
        plan.note(try plan.step(for: tasks[1]), of: tasks[1], response: ["other": 1])
        let error = #expect(throws: ImportMistake.self) { _ = try plan.step(for: tasks[2]) }
        #expect(error?.description.contains("no 'id', only: other") == true)
    }

    @Test("Values that repeat themselves do not grow without end")
    func growth() throws {
        let template = try ImportTemplate("[[ .a ]][[ .a ]]")
        let half = String(repeating: "x", count: ImportTemplate.valueBytesMax / 2)
        #expect(try template.rendered(with: ["a": .string(half)]) == half + half)
        let error = #expect(throws: ImportMistake.self) { try template.rendered(with: ["a": .string(half + "x")]) }
        #expect(error?.description == "[[ .a ]]: the values of one text may have 65536 bytes together")
    }

    @Test("A file that is not text is a resource as it is")
    func binary() throws {
        let manifest = "apiVersion: v1beta1\ntasks: [{id: a, type: resource, resource: b.bin, resourceUri: b.bin}]"
        let read = try SpecFiles.importManifest(Array(manifest.utf8), file: "manifest.yaml").value
        let bytes: [UInt8] = [0xFF, 0x5B, 0x5B]
        let plan = try ImportPlan(read, files: ["b.bin": bytes], project: "shop")
        #expect(
            try plan.step(for: read.tasks[0]).work == .resource(uri: "b.bin", bytes: bytes, stage: "", service: ""))
    }

    @Test("Every mistake of a package is told before anything is done")
    func mistakes() throws {
        let manifest = """
            apiVersion: v1beta1
            tasks:
            - {id: a, type: api, action: keptn-api-v1-create-service, payload: gone.json}
            - id: b
              type: resource
              resource: b.yaml
              resourceUri: "[[ .Tasks.b.Response.id ]]"
              stage: "[[ .Inputs.stage ]]"
              context: {x: "[[ .Context.x ]]", y: "[[ oops", z: "[[ .Tasks.a.Content.q ]]"}
            """
        let error = #expect(throws: ImportMistakes.self) {
            _ = try plan(manifest, ["b.yaml": "[[ .Inputs.project ]] [[ .Context.q ]] [[ not a path ]]"])
        }
        let found = error?.mistakes ?? []
        let expected = [
            "task a: the package has no file 'gone.json'", "task b: context.x: [[ .Context.x ]]: only .Inputs, .Tasks",
            "task b: context.y: '[[ oops' is never closed", "task b: context.z: [[ .Tasks.a.Content.q ]]: a task has",
            "task b: resourceUri: [[ .Tasks.b.Response.id ]]: a value of an earlier task",
            "task b: stage: [[ .Inputs.stage ]]: the only input", "task b: b.yaml: '[[ not a path ]]' is no value",
        ]
        #expect(found.count == expected.count, "\(found)")
        for (mistake, start) in zip(found, expected) { #expect(mistake.hasPrefix(start), "\(mistake)") }
    }

    @Test(
        "A manifest that is wrong is told with its places",
        arguments: [
            ("tasks: []", ["1:1", "apiVersion"]), ("apiVersion: v2\ntasks: []", ["1:13", "v1beta1"]),
            (task("id: a b, type: api, payload: p, action: keptn-api-v1-create-service"), ["underscores"]),
            (task("id: a, type: script"), ["'api' or 'resource'"]), (task("id: a"), ["'type'"]),
            (task("id: a, type: api, payload: p, action: delete"), ["keptn-api-v1-create-service"]),
            (task("id: a, type: api"), ["'payload'", "'action'"]),
            (task("id: a, type: resource"), ["'resource'", "'resourceUri'"]),
            (task("id: a, type: resource, resource: r, resourceUri: u, service: s"), ["'stage'"]),
            (
                "apiVersion: v1beta1\ntasks:\n"
                    + String(
                        repeating: "- {id: a, type: resource, resource: r, "
                            + "resourceUri: u}\n", count: 2), ["earlier task"]
            ),
        ])
    func manifests(text: String, says: [String]) {
        let error = #expect(throws: InvalidFile.self) {
            _ = try SpecFiles.importManifest(Array(text.utf8), file: "manifest.yaml")
        }
        for part in says { #expect(error?.description.contains(part) == true, "\(error?.description ?? "")") }
    }

    private static func task(_ members: String) -> String { "apiVersion: v1beta1\ntasks: [{\(members)}]" }
}
