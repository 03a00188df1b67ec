import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports
import SpecFiles

extension API {
    /// Import packages: a zip with a manifest of what to do in a project (K §2.2, §3.6).
    var importRoutes: [HTTPRoute] {
        [HTTPRoute(.post, "/api/v1/import") { try await importPackage($0) }]
    }

    /// What a package holds when it is unpacked; packed it is not larger either.
    static let importBytesMax = 52_428_800

    private func importPackage(_ request: APIRequest) async throws -> APIResponse {
        guard let project = request.query("project") else {
            throw KeptnError(.invalidInput, "the query needs 'project', the project that the package is for")
        }
        do {
            _ = try await parts.configuration.project(project)
        } catch let error as KeptnError where error.code != .notFound && error.code != .invalidInput {
            return .error(
                .init(code: 424, reasonPhrase: "Failed Dependency"),
                "project \(project) cannot be checked: \(error.message)")
        }
        var plan = try await plan(try await Self.package(request), project: project)
        var done: [JSON] = []
        for task in plan.manifest.tasks {
            do {
                let step = try plan.step(for: task)
                let response = try await carryOut(step.work, project: project, for: request.caller)
                plan.note(step, of: task, response: response)
                done.append(["task": task.json(context: step.context), "response": response])
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                // What was done stays done: there is no way back (K §3.6), so the answer tells how far it came.
                return .json(
                    [
                        "code": 400, "outcome": "failure", "message": .string("task \(task.id): \(error)"),
                        "tasks": .array(done),
                    ], .badRequest)
            }
        }
        return .json(["outcome": "success", "tasks": .array(done)])
    }

    private static func package(_ request: APIRequest) async throws -> [UInt8] {
        guard let boundary = Multipart.boundary(of: request.headers[.contentType] ?? "") else {
            throw KeptnError(
                .unsupportedMediaType,
                "content type '\(request.headers[.contentType] ?? "")': multipart/form-data with the zip in the field "
                    + "'configPackage' is needed")
        }
        let body = try await request.body.collect(upTo: importBytesMax)
        guard let bytes = Multipart.field("configPackage", in: body, boundary: boundary) else {
            throw KeptnError(.invalidInput, "the form needs the field 'configPackage' with the zip")
        }
        return Array(bytes)
    }

    /// Everything about a package that can be wrong is found here, before anything is done.
    private func plan(_ archive: [UInt8], project: String) async throws -> ImportPlan {
        let files = try await parts.zips.files(of: archive, bytesMax: Self.importBytesMax)
        guard let manifest = files[ImportManifest.fileName] else {
            throw KeptnError(.unsupportedMediaType, "the package has no \(ImportManifest.fileName) at its top")
        }
        do {
            let read = try SpecFiles.importManifest(manifest, file: ImportManifest.fileName).value
            return try ImportPlan(read, files: files, project: project)
        } catch {
            throw KeptnError(.unsupportedMediaType, "the package cannot be used: \(error)")
        }
    }

    // MARK: - Tasks

    /// Tasks are calls of this API: they obey the same rules and give the same answers.
    private func carryOut(_ work: ImportPlan.Work, project: String, for caller: Caller) async throws -> JSON {
        switch work {
        case .api(.createService, let body):
            return try await call(
                "/api/controlPlane/v1/project/{project}/service", ["project": project], body, for: caller)
        case .api(.createSecret, let body):
            return try await call("/api/secrets/v1/secret", [:], body, for: caller)
        case .api(.createWebhookSubscription, let body):
            let known = try await parts.uniform.integrations(at: parts.time.now)
            guard let webhooks = known.first(where: { $0.name == UniformRegistry.webhookService }) else {
                throw KeptnError(.notFound, "no integration \(UniformRegistry.webhookService) is registered")
            }
            return try await call(
                "/api/controlPlane/v1/uniform/registration/{integrationID}/subscription",
                ["integrationID": webhooks.id], body, for: caller)
        case .resource(let uri, let bytes, let stage, let service):
            let stages =
                stage.isEmpty
                ? try await parts.configuration.project(project).shipyard.stages.map(\.name) : [stage]
            let body: JSON = [
                "resources": [["resourceURI": .string(uri), "resourceContent": .string(Base64.encode(bytes))]]
            ]
            var written = JSON.emptyObject
            for stage in stages {
                var parameters = ["project": project, "stage": stage]
                var path = "/api/resource-service/v1/project/{project}/stage/{stage}"
                if !service.isEmpty {
                    parameters["service"] = service
                    path += "/service/{service}"
                }
                written = try await call(path + "/resource", parameters, Array(body.bytes), for: caller)
            }
            return written
        }
    }

    private func call(
        _ path: String, _ parameters: [String: String], _ body: [UInt8], for caller: Caller
    ) async throws -> JSON {
        guard let route = routes.first(where: { $0.method == .post && $0.path == path }) else {
            throw KeptnError(.internalFailure, "this server does not take POST \(path)")
        }
        var request = APIRequest(parameters: parameters, body: IncomingBody(body))
        request.caller = caller
        let answer = try await route.handler(request)
        let json = (try? JSON(parsing: answer.body)) ?? .emptyObject
        guard answer.status.kind == .successful else {
            throw KeptnError(.invalidInput, json["message"]?.stringValue ?? "status \(answer.status.code)")
        }
        return json
    }
}

extension ImportManifest.Task {
    /// As the summary shows it, with the context as it was used.
    fileprivate func json(context: [String: String]) -> JSON {
        let shared: [(key: String, value: JSON?)] = [
            ("id", .string(id)), ("name", name.isEmpty ? nil : .string(name)),
            ("context", .object(context.mapValues { .string($0) })),
        ]
        switch work {
        case .api(let action, let payload):
            return .object(
                shared + [("type", "api"), ("action", .string(action.rawValue)), ("payload", .string(payload))])
        case .resource(let file, let uri, let stage, let service):
            return .object(
                shared + [
                    ("type", "resource"), ("resource", .string(file)), ("resourceUri", .string(uri)),
                    ("stage", stage.isEmpty ? nil : .string(stage)),
                    ("service", service.isEmpty ? nil : .string(service)),
                ])
        }
    }
}
