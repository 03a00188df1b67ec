import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports
import SpecFiles

extension API {
    /// What a webhook would send for an event, for editors in the browser. Nothing is sent.
    var webhookPreviewRoutes: [HTTPRoute] {
        [
            HTTPRoute(.post, "/api/v1/webhooks/preview") { request in
                let body = try await object(request)
                let id = try Self.text(body, "subscriptionID")
                guard let content = body["content"]?.stringValue else {
                    throw KeptnError(.invalidInput, "field 'content' is missing: the text of webhook.yaml")
                }
                guard let sample = body["event"], sample.kind == .object else {
                    throw KeptnError(.invalidInput, "field 'event' is missing: the event that the webhook hears")
                }
                let spec = try SpecFiles.webhook(Array(content.utf8), file: WebhookSpec.fileName).value
                guard let webhook = WebhookRun.webhook(for: id, in: [spec]) else {
                    throw KeptnError(.notFound, "no webhook of the file has the subscription \(id)")
                }
                return .json(Self.preview(webhook, of: try CloudEvent(structured: sample)))
            }
        ]
    }

    /// All requests as if each were answered with 200, with `***` where secrets stand.
    private static func preview(_ webhook: WebhookSpec.Webhook, of event: CloudEvent) -> JSON {
        let secrets = Dictionary(webhook.secrets.map { ($0.name, "***") }) { first, _ in first }
        var run = WebhookRun(webhook, event: event, secrets: secrets)
        var requests: [JSON] = []
        var mistake: String?
        var effects = run.begin()
        while !effects.isEmpty {
            var next: [WebhookRun.Effect] = []
            for effect in effects {
                switch effect {
                case .make(let request):
                    requests.append(json(request))
                    next = run.finished(.answered(status: 200, body: ""))
                case .log(let message): mistake = message
                case .sendStarted, .sendFinished: break
                }
            }
            effects = next
        }
        return ["requests": .array(requests), "mistake": mistake.map { .string($0) }]
    }

    private static func json(_ request: WebhookRequest) -> JSON {
        [
            "method": .string(request.method.rawValue), "url": .string(request.target.url),
            "headers": .array(
                request.headers.map { ["name": .string($0.name), "value": .string($0.value)] }),
            "body": request.body.map { .string($0) },
        ]
    }
}
