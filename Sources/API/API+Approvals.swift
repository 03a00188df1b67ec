import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

extension API {
    private static let approvalType = EventType.task(name: ApprovalRule.task, kind: .triggered).text
    private static let linkPath = "/api/v1/approve/"
    private static let formBytesMax = 16 << 10
    private static let linkTimeMax = Duration.seconds(366 * 86_400)

    /// Links that answer an approval. A GET only shows what waits, so that whatever follows links in mails decides
    /// nothing; the answer is a POST.
    var approvalRoutes: [HTTPRoute] {
        [
            HTTPRoute(.post, "/api/controlPlane/v1/approval/{id}/link") { try await makeLink($0) },
            HTTPRoute(.get, "/api/v1/approve/{link}", access: .everybody) { request in
                try await page(request) { link, _ in try await question(link) }
            },
            HTTPRoute(.post, "/api/v1/approve/{link}", access: .everybody) { request in
                try await page(request) { try await decide($0, $1) }
            },
        ]
    }

    private static let question = """
        <form method="post">
          <label>Comment <input name="comment" maxlength="1000" autocomplete="off"></label>
          <button name="decision" value="approve">Approve</button>
          <button name="decision" value="decline">Decline</button>
        </form>
        """

    /// Whoever may make tokens may make links: both let others in.
    private func makeLink(_ request: APIRequest) async throws -> APIResponse {
        let id = request.parameter("id")
        let body = try await object(request)
        guard let person = body["for"]?.stringValue, !person.isEmpty, person.utf8.count <= 200 else {
            throw KeptnError(.invalidInput, "'for' has to name who is going to answer, in 200 bytes at most")
        }
        let validity = body["validity"]?.stringValue ?? "24h"
        guard let duration = Duration(go: validity), duration > .zero, duration <= Self.linkTimeMax else {
            throw KeptnError(
                .invalidInput, "validity is '\(validity)'; a duration such as 90m or 72h is needed, up to a year")
        }
        guard let event = try await waitingApproval(id), let project = event.keptnData?.project else {
            throw KeptnError(.notFound, "no approval with the id \(id) is open")
        }
        let content = ApprovalLinks.Content(
            approval: id, project: project, person: person, expires: parts.time.now + duration)
        // Whoever makes the link knows under which address others reach the server.
        return .json(
            [
                "path": .string(Self.linkPath + parts.approvalLinks.text(of: content)), "for": .string(person),
                "expires": .string(content.expires.rfc3339),
            ], .created)
    }

    private func waitingApproval(_ id: String) async throws -> CloudEvent? {
        try await parts.store.openTasks(
            named: ApprovalRule.task, project: nil, stage: nil, service: nil, eventID: id
        ).first
    }

    // MARK: - The page

    /// What is wrong becomes a page too: people read it.
    private func page(
        _ request: APIRequest, _ content: (ApprovalLinks.Content, APIRequest) async throws -> PlainPage
    ) async throws -> APIResponse {
        do {
            let link = try parts.approvalLinks.content(of: request.parameter("link"), at: parts.time.now)
            return try await content(link, request).response(.ok)
        } catch let error as KeptnError where error.code != .internalFailure && error.code != .unavailable {
            let status: HTTPResponse.Status =
                switch error.code {
                case .forbidden: .forbidden
                case .conflict: .conflict
                case .notFound: .notFound
                default: .badRequest
                }
            return PlainPage(title: "Nothing was decided", lines: [error.message]).response(status)
        }
    }

    private func question(_ link: ApprovalLinks.Content) async throws -> PlainPage {
        guard let event = try await waitingApproval(link.approval) else {
            throw KeptnError(.conflict, "this approval is not open any more")
        }
        let data = event.json ?? .emptyObject
        var lines = [
            "Project \(link.project), stage \(data["stage"]?.stringValue ?? ""), "
                + "service \(data["service"]?.stringValue ?? "")"
        ]
        if let image = data["configurationChange", "values", "image"]?.stringValue { lines.append("Version \(image)") }
        if let result = data["result"]?.stringValue, !result.isEmpty { lines.append("Result so far: \(result)") }
        if let since = event.time { lines.append("Waits since \(since.rfc3339)") }
        lines.append("You answer as \(link.person).")
        return PlainPage(title: "Approve?", lines: lines, action: Self.question)
    }

    private func decide(_ link: ApprovalLinks.Content, _ request: APIRequest) async throws -> PlainPage {
        let text = String(decoding: try await request.body.collect(upTo: Self.formBytesMax), as: UTF8.self)
        let form = QueryText.parse(text)
        guard let result = ["approve": KeptnResult.pass, "decline": .fail][form["decision"] ?? ""] else {
            throw KeptnError(
                .invalidInput, "decision is '\(form["decision"] ?? "")'; approve or decline is needed")
        }
        guard let event = try await waitingApproval(link.approval) else {
            throw KeptnError(.conflict, "this approval is not open any more")
        }
        let data = event.json ?? .emptyObject
        let place = ["project", "stage", "service", "labels"].map { (key: $0, value: data[$0]) }
        let answer: JSON = [
            "specversion": "1.0", "type": .string(EventType.task(name: ApprovalRule.task, kind: .finished).text),
            "source": "approval-link", "shkeptncontext": event.keptnContext.map { .string($0) },
            "triggeredid": .string(event.id),
            "data": .object(
                place + [
                    ("status", .string(KeptnStatus.succeeded.rawValue)), ("result", .string(result.rawValue)),
                    ("message", .string(form["comment"] ?? "")),
                ]),
        ]
        let message = CloudEvent.HTTPMessage(
            contentType: "application/cloudevents+json", headers: [],
            body: Array(answer.setting("id", to: .string(parts.ids.newID())).bytes))
        let person = Caller(name: link.person, grant: Grant(scopes: [.eventsWrite], projects: [link.project]))
        _ = try await parts.intake.accept(message, from: person)
        return PlainPage(
            title: result == .pass ? "Approved" : "Declined", lines: ["Noted in the name of \(link.person)."])
    }
}
