-- Did a change of the route table change the rate?
{include fallback_by column=route_version}
