import CloudEvents
import Testing

@Suite("Push subscriptions on the command line", .timeLimit(.minutes(5)))
struct SubscriptionTests {
    @Test("An endpoint gets a credential that is there, and nobody is shown its value")
    func credentials() async throws {
        try await KeptnProcess.withHome { keptn in
            _ = try await keptn.withServer { keptn in
                let create = [
                    "create", "subscription", "audit", "--url", "http://127.0.0.1:1/", "--event", "sh.keptn.event.>",
                    "--secret", "audit/token", "--secret-header", "X-Api-Key",
                ]
                let early = try await keptn.keptn(create)
                #expect(early.code == 1)
                #expect(early.errors.contains("there is no secret 'audit' with the key 'token'"), "\(early.errors)")
                let secret = try await keptn.keptn(
                    "create", "secret", "audit", "--scope", "keptn-webhook-service", "--from-literal", "token=hush")
                #expect(secret.code == 0, "\(secret.errors)")
                let created = try await keptn.keptn(create)
                #expect(created.code == 0, "\(created.errors)")
                let shown = try await keptn.keptn("get", "subscriptions", "--output", "json")
                let audit = try JSON(parsing: shown.output)["subscriptions"]?.elements.first
                let credential = audit?["credential"]?.members.map { "\($0.key)=\($0.value.stringValue ?? "")" }
                #expect(credential == ["secret=audit", "key=token", "header=X-Api-Key"], "\(shown.output)")
                #expect(!shown.output.contains("hush"))
                return .gracefully
            }
        }
    }

    @Test(
        "A credential that is none is refused before anything is sent",
        arguments: [
            (["--secret", "audit"], "SECRET/KEY is needed"),
            (["--secret-header", "X-Api-Key"], "both are needed"),
        ])
    func mistakes(options: [String], says: String) async throws {
        try await KeptnProcess.withHome { keptn in
            let result = try await keptn.keptn(
                ["create", "subscription", "audit", "--url", "http://127.0.0.1:1/", "--event", "sh.keptn.event.>"]
                    + options)
            #expect(result.code == 1 && result.errors.contains(says), "\(result.errors)")
        }
    }
}
