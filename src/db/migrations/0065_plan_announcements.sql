CREATE TABLE "plan_announcements" (
	"plan" "plan" NOT NULL,
	"version" integer NOT NULL,
	"announced_at" timestamp with time zone NOT NULL,
	"effective_at" timestamp with time zone NOT NULL,
	"carried_at" timestamp with time zone,
	"called_off_at" timestamp with time zone,
	CONSTRAINT "plan_announcements_plan_version_pk" PRIMARY KEY("plan","version"),
	CONSTRAINT "plan_announcements_notice" CHECK ("plan_announcements"."effective_at" >= "plan_announcements"."announced_at" + interval '720 hours'),
	CONSTRAINT "plan_announcements_end" CHECK ("plan_announcements"."carried_at" is null or "plan_announcements"."called_off_at" is null)
);
--> statement-breakpoint
ALTER TABLE "plan_announcements" ADD CONSTRAINT "plan_announcements_plan_version_plan_versions_plan_version_fk" FOREIGN KEY ("plan","version") REFERENCES "public"."plan_versions"("plan","version") ON DELETE no action ON UPDATE no action;